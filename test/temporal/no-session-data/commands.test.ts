import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';
import { describe, expect, inject, vi } from 'vitest';

import { createProgram } from '../../../src/cli/program.ts';
import { environmentFor, runCommand, startCommand } from '../../cli/command-process.ts';
import { test } from '../../support/fixtures.ts';
import {
  plantedIn,
  PLANTED,
  PLANTED_KEY,
  plantOne,
  plantSessions,
  withPlantedPassword,
} from '../../support/planted.ts';
import { startRealRun, startRealWorker } from '../../support/real-worker.ts';
import { prepareRefusals, refuseBy } from '../../support/quoting-errors.ts';
import { TEST_TARGET } from '../../support/settings.ts';

// Each test starts dozens of processes.
vi.setConfig({ testTimeout: 120_000 });

/** The error of Temporal's client for a failed run. */
const FAILED = 'Workflow execution failed';

/** All commands that take `--json`, by what they are called. */
function commandsWithJson(): readonly string[] {
  const silent = { write: () => true };
  const program = createProgram({
    context: { environment: {}, stdout: silent, stderr: silent },
    act: () => undefined,
  });
  const below = (command: Command, names: readonly string[]): readonly string[] =>
    command.commands.flatMap((inner) => {
      const own = [...names, inner.name()];
      const takesJson = inner.options.some(({ long }) => long === '--json');
      return [...(takesJson ? [own.join(' ')] : []), ...below(inner, own)];
    });
  return below(program, []);
}

test('no command prints a session value, password or key', async ({ database, temporal }) => {
  const planted = withPlantedPassword(database);
  const environment = { ...environmentFor(planted, temporal), ...PLANTED_KEY };
  const seen = new Map<string, string>();
  const run = async (line: string, ...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await runCommand([...line.split(' '), ...args], environment);
    seen.set(line, [seen.get(line), stdout, stderr].join('\n'));
    return stdout;
  };
  const runAsJson = async (line: string, ...args: readonly string[]): Promise<void> => {
    const stdout = await run(line, ...args, '--json');
    expect(`${line} ${stdout}`).toMatch(/^[a-z ]+ [{[]/);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow(SyntaxError);
  };
  const untilAsked = async (): Promise<void> => {
    await expect
      .poll(() => run('run list', '--json'), { timeout: 30_000 })
      .toContain('expiredRows');
  };

  await plantSessions(database, { expired: 2_000, live: 0 });
  await prepareRefusals(database);
  await database.sql('create table audits (session uuid references sessions on delete cascade)');
  await using _ = await startRealWorker(temporal, planted, {
    // Slow enough to be running during several commands.
    targets: [{ ...TEST_TARGET, approvalShare: 1 }],
    deletion: { chunkMilliseconds: 10, rowsPerSecond: 200 },
  });
  await Promise.all(['migrate', 'preview', 'schedule apply'].map((line) => runAsJson(line)));
  await runAsJson('grants', '--role', 'cleaner');
  await Promise.all(['config', 'presets'].map((line) => runAsJson(line)));
  await runAsJson('init', '--print');
  await run('health', '--address', '127.0.0.1:1', '--json');
  await runAsJson('run start', '--dry-run');
  const rejected = await startRealRun(temporal);
  await untilAsked();
  await Promise.all(['status', 'check', 'run list'].map((line) => run(line)));
  await runAsJson('run show', rejected.workflowId);
  await runAsJson('run reject', rejected.workflowId, '--reason', 'look');
  const approved = await startRealRun(temporal);
  await untilAsked();
  await runAsJson('run approve', approved.workflowId);
  await runAsJson('run pause', approved.workflowId, '--reason', 'peak');
  await runAsJson('run pace', approved.workflowId, '--rows-per-second', 'max');
  await runAsJson('run resume', approved.workflowId);
  expect(await approved.result()).toMatchObject({ deletedCount: 2_001 });
  // Two that fail over a row, as the last failure in every list.
  await plantOne(database);
  await refuseBy(database, 'unreadable');
  await expect((await startRealRun(temporal)).result()).rejects.toThrow(FAILED);
  await runAsJson('run start', '--no-wait');
  await runAsJson('schedule trigger');
  const day = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-01T06:00:00Z'];
  await runAsJson('schedule backfill', ...day);
  await runAsJson('schedule pause', '--reason', 'look');
  for (const line of ['status', 'check', 'run list', 'schedule describe', 'preview']) {
    await runAsJson(line);
    await run(line);
  }
  await runAsJson('schedule unpause');
  await runAsJson('schedule delete');

  expect([...seen.keys()].toSorted()).toEqual(commandsWithJson().toSorted());
  // The search itself works: the failure that quotes a row is reported.
  expect(seen.get('run list')).toContain('(22P02)');
  const leaks = [...seen].map(([line, output]) => [line, ...plantedIn(output)]);
  expect(leaks.filter(([, ...places]) => places.length > 0)).toEqual([]);
});

describe('a failed connection reveals neither password nor key', () => {
  test.for<{ readonly words: string; readonly reported: RegExp; readonly change: Change }>([
    {
      words: 'a user that does not exist',
      reported: /password in DATABASE_URL/,
      change: ({ url }) => ({
        DATABASE_URL: changed(url, (address) => (address.username = 'no_such_role')),
      }),
    },
    {
      words: 'a database that does not exist',
      reported: /PostgreSQL: .* does not exist/,
      change: ({ url }) => ({
        DATABASE_URL: changed(url, (address) => (address.pathname = '/none')),
      }),
    },
    {
      words: 'a database that is down',
      reported: /PostgreSQL: .* cannot be reached/,
      change: ({ url }) => ({ DATABASE_URL: changed(url, (address) => (address.port = '1')) }),
    },
    {
      words: 'a database without TLS',
      reported: /no encrypted connection/,
      change: ({ url }) => ({ DATABASE_URL: `${url}?sslmode=require` }),
    },
    {
      words: 'a Temporal server that is down',
      reported: /Temporal cannot be reached at 127\.0\.0\.1:1 /,
      change: () => ({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
    },
    {
      words: 'a Temporal server without TLS',
      reported: /does not use TLS/,
      change: () => ({ TEMPORAL_TLS: 'true' }),
    },
    {
      words: 'a namespace that does not exist',
      reported: /no namespace elsewhere/,
      change: () => ({ TEMPORAL_NAMESPACE: 'elsewhere' }),
    },
    {
      words: 'a configuration file that cannot be read',
      reported: /configuration: cannot be read/,
      change: () => ({ TEMPORAL_CONFIG_FILE: fileWithKey() }),
    },
  ])('$words', async ({ reported, change }, { database, temporal }) => {
    const { url } = withPlantedPassword(database);
    const environment = {
      ...environmentFor({ url }, temporal),
      ...PLANTED_KEY,
      SESSION_CLEANUP_LOG_LEVEL: 'trace',
      ...change({ url }),
    };
    const lines = [['check'], ['status', '--json']];
    const [check, ...others] = await Promise.all([
      ...lines.map(async (line) => {
        const { stdout, stderr } = await runCommand(line, environment);
        return stdout + stderr;
      }),
      outputOfWorker(environment),
    ]);
    expect(check).toMatch(reported);
    for (const output of [check, ...others]) {
      expect(plantedIn(output)).toEqual([]);
      expect(output).not.toContain('postgres://');
    }
  });
});

/** All that a worker writes that fails to start, or has started or waits for Temporal and is stopped. */
async function outputOfWorker(environment: NodeJS.ProcessEnv): Promise<string> {
  await using worker = startCommand(['worker'], environment);
  const events = ['session_cleanup_worker_started', 'session_cleanup_temporal_unavailable'];
  await Promise.any(events.map(worker.untilWritten)).catch(() => undefined);
  worker.signal('SIGTERM');
  const { stdout, stderr } = await worker.ended;
  return stdout + stderr;
}

/** What makes the environment a wrong one. */
type Change = (right: { readonly url: string }) => NodeJS.ProcessEnv;

function changed(url: string, change: (address: URL) => void): string {
  const address = new URL(url);
  change(address);
  return address.href;
}

/** A file of Temporal's with a slip in it, in the line that holds the key. */
function fileWithKey(): string {
  const file = path.join(inject('runFolder') ?? '', 'temporal.toml');
  writeFileSync(file, `[profile.default]\naddress = "127.0.0.1:1"\napi_key = "${PLANTED.apiKey}\n`);
  return file;
}
