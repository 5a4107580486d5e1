import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, vi } from 'vitest';

import { environmentFor, startProgram, type RunningCommand } from '../../cli/command-process.ts';
import { test } from '../../support/fixtures.ts';
import {
  everythingAbout,
  plantedIn,
  plantOne,
  PLANTED_KEY,
  withPlantedPassword,
} from '../../support/planted.ts';
import { prepareRefusals, refuseBy, REFUSALS } from '../../support/quoting-errors.ts';
import { startRealRun } from '../../support/real-worker.ts';
import { countSessions } from '../../support/sessions.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';

// Six runs, two of which are tried again after a second or two.
vi.setConfig({ testTimeout: 90_000 });

const CLI = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
/** Of util-linux: runs a command at a terminal of its own. */
const SCRIPT = '/usr/bin/script';
const hasTerminal = process.platform === 'linux' && existsSync(SCRIPT);
if (!hasTerminal) console.log(`Skipped: a log at a terminal, which needs ${SCRIPT} of util-linux.`);

/** The errors that the table is made to give, as the log names them. */
const CODES = ['22P02', '40001', 'XX000'];

/** A worker that logs all there is, with a password and a key that must not be in it. */
async function startTalkativeWorker(
  database: TestDatabase,
  temporal: TestTemporal,
  format: 'JSON' | 'text',
): Promise<RunningCommand> {
  const command = `exec '${process.execPath}' '${CLI}' worker`;
  const [program, ...args] =
    format === 'JSON' ? ['/bin/sh', '-c', command] : [SCRIPT, '-qefc', command, '/dev/null'];
  const worker = startProgram(program ?? '', args, {
    ...environmentFor(withPlantedPassword(database), temporal),
    ...PLANTED_KEY,
    SESSION_CLEANUP_LOG_LEVEL: 'trace',
  });
  await worker.untilWritten('session_cleanup_worker_started');
  return worker;
}

const ENDS = {
  fails: { cause: { type: 'DependentObject' } },
  stays: { deletedCount: 0, targets: [{ remaining: [{ reason: expect.any(String), rows: 1 }] }] },
  deleted: { deletedCount: 1 },
} as const;

describe('a worker that logs all there is, while the database quotes rows in its errors', () => {
  test.for(['JSON', ...(hasTerminal ? (['text'] as const) : [])] as const)(
    'writes none of them as %s, and no password or key',
    async (format, { database, temporal }) => {
      await plantOne(database);
      await prepareRefusals(database);
      await using worker = await startTalkativeWorker(database, temporal, format);
      const histories: string[] = [];
      for (const { kind, outcome } of REFUSALS) {
        await refuseBy(database, kind);
        const run = await startRealRun(temporal);
        const ended = await run.result().catch((error: unknown) => error);
        expect({ kind, ended }).toMatchObject({ kind, ended: ENDS[outcome] });
        histories.push(await everythingAbout(run));
        if (outcome === 'deleted') await plantOne(database);
      }
      await refuseBy(database, undefined);
      await database.sql('create table audits (session uuid references sessions)');
      await database.sql('insert into audits select id from sessions');
      const referenced = await startRealRun(temporal);
      expect(await referenced.result()).toMatchObject({
        deletedCount: 0,
        targets: [{ remaining: [{ reason: 'referenced', rows: 1, by: 'audits_session_fkey' }] }],
      });
      histories.push(await everythingAbout(referenced));
      worker.signal('SIGTERM');
      await worker.ended;

      const written = worker.stdout() + worker.stderr();
      // The search itself works: the log has each failure of an attempt.
      const words = [...CODES.map((code) => `(${code})`), 'session_cleanup_ran', 'debug'];
      expect(words.filter((word) => !written.includes(word))).toEqual([]);
      expect(format === 'JSON').toBe(written.includes('{"level":"debug"'));
      expect(plantedIn([written, ...histories].join('\n'))).toEqual([]);
      expect(written.includes('postgres://')).toBe(false);
      expect(await countSessions(database)).toEqual({ expired: 1, live: 0 });
    },
  );
});
