import { describe, expect, inject, vi } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { environmentFor, runCommand } from '../cli/command-process.ts';
import { test } from '../support/fixtures.ts';
import { printedGrants } from '../support/least-rights.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

vi.setConfig({ testTimeout: 60_000 });

const role = inject('databaseRole') ?? '';
const grants = (await printedGrants(role)).split('\n').filter((line) => line.startsWith('GRANT'));

test('with all printed grants, check passes and a run cleans', async ({ database, temporal }) => {
  await fillSessions(database, { expired: 500, live: 100 });
  const { stdout } = await runCommand(['check'], environmentFor(database, temporal));
  expect(stdout).toContain('role "least ""rights""" has all privileges it needs');
  await using _ = await startRealWorker(temporal, database);
  expect(await (await startRealRun(temporal)).result()).toMatchObject({ deletedCount: 500 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

describe('without one of them', () => {
  test.for(grants)('%s is what check asks for', async (grant, { database, temporal }) => {
    await fillSessions(database, { expired: 500, live: 100 });
    await database.sql(grant.replace('GRANT', 'REVOKE').replace(/ TO (?="least)/, ' FROM '));

    const { exitCode, stdout } = await runCommand(['check'], environmentFor(database, temporal));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^error +rights: role "least ""rights""" lacks a privilege\n/m);
    expect(stdout).toContain(`\n         ${grant}\n`);
  });
});

test('without DELETE a run fails at once and names the remedy', async ({ database, temporal }) => {
  await fillSessions(database, { expired: 500, live: 100 });
  await database.sql(`revoke delete on sessions from "least ""rights"""`);
  await using _ = await startRealWorker(temporal, database);
  await expect((await startRealRun(temporal)).result()).rejects.toMatchObject({
    cause: { type: FAILURE.noRight, message: expect.stringContaining('session-cleanup grants') },
  });
  expect(await countSessions(database)).toEqual({ expired: 500, live: 100 });
});
