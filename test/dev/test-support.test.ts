import pg from 'pg';
import { describe, expect, inject } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { identifyProcess } from '../../scripts/services/process-identity.ts';
import { test } from '../support/fixtures.ts';
import { at, countSessions, fillSessions, insertSessions } from '../support/sessions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { removeDeadRuns } from '../support/test-run.ts';
import { startInOwnProcess } from '../support/dying-run.ts';

describe("the tests' own ground", () => {
  test('gives a test a migrated database with nothing in it', async ({ database }) => {
    expect(await countSessions(database)).toEqual({ expired: 0, live: 0 });
    await insertSessions(database, [
      { expiresAt: at(`now() - interval '1 microsecond'`) },
      { expiresAt: new Date(Date.now() + 60_000) },
    ]);
    await fillSessions(database, { expired: 50, live: 30 });
    expect(await countSessions(database)).toEqual({ expired: 51, live: 31 });
  });

  test('gives a test an empty database', async ({ emptyDatabase }) => {
    expect(
      await emptyDatabase.sql(`select from pg_tables where schemaname not in
        ('pg_catalog', 'information_schema')`),
    ).toEqual([]);
  });

  test('tells of connections that a test left open, and drops the database all the same', async () => {
    const database = await createTestDatabase(inject('postgresUrl'));
    const forgotten = new pg.Client({
      connectionString: database.url,
      application_name: 'forgotten',
    });
    forgotten.on('error', () => undefined);
    await forgotten.connect();
    await expect(database.drop()).rejects.toThrow('forgotten (idle');
    await expect(new pg.Client(database.url).connect()).rejects.toThrow('does not exist');
  });

  test('gives each test a Temporal namespace in which schedules work', async ({ temporal }) => {
    const schedule = await temporal.client.schedule.create({
      scheduleId: 'session_cleanup',
      spec: { intervals: [{ every: '6h' }] },
      action: { type: 'startWorkflow', workflowType: 'any', taskQueue: temporal.taskQueue },
    });
    expect((await schedule.describe()).info.nextActionTimes.length).toBeGreaterThan(0);
  });

  test('clears up after a run that was killed, and leaves live ones alone', async () => {
    const support = new URL('../support/test-run.ts', import.meta.url).href;
    const script = `
      const { createRunFolder } = await import(${JSON.stringify(support)});
      const { startPostgres } = await import(services + 'postgres-server.ts');
      const server = await startPostgres({
        dataDirectory: createRunFolder() + '/a/test/postgres', port: ${String(await choosePort())},
      });
      pid = server.pid`;
    await using run = await startInOwnProcess(script);
    await removeDeadRuns();
    expect(identifyProcess(run.serverPid)).toBeDefined();
    await run.die();
    await removeDeadRuns();
    expect(identifyProcess(run.serverPid)).toBeUndefined();
  });
});
