import { ScheduleOverlapPolicy } from '@temporalio/client';
import { expect } from 'vitest';

import { PROGRESS_QUERY, RESULT_MEMO, SCHEDULE_ID } from '../../../src/contract/names.ts';
import { applySchedule } from '../../../src/schedule/apply.ts';
import { definitionFor, recordingLogger } from '../../support/schedule-fixture.ts';
import { test } from '../../support/fixtures.ts';
import {
  everythingAbout,
  plantedIn,
  plantOne,
  plantSessions,
  PLANTED,
  textOf,
  withPlantedPassword,
} from '../../support/planted.ts';
import { startRealRun, startRealWorker } from '../../support/real-worker.ts';
import { countSessions } from '../../support/sessions.ts';
import { until } from '../../support/fake-worker.ts';

/** Slow enough to be observed while it deletes, and soon done. */
const UNHURRIED = { deletion: { chunkMilliseconds: 10, rowsPerSecond: 8_000 } };

test('the search finds a planted value in every spelling', () => {
  const { row, password } = PLANTED;
  for (const text of [
    `Key (id)=(${row}) exists`,
    `postgres://app:${encodeURIComponent(password)}@db`,
    ...['', 'x', 'xy'].map((lead) => Buffer.from(`${lead}{"id":"${row}"}`).toString('base64')),
  ]) {
    expect(plantedIn(text)).toHaveLength(1);
  }
  expect(textOf({ payload: { data: Buffer.from(row) } })).toContain(row);
});

test('no history, heartbeat or answer has a session value', async ({ temporal, database }) => {
  await plantSessions(database, { expired: 20_000, live: 50 });
  await using _ = await startRealWorker(temporal, withPlantedPassword(database), UNHURRIED);
  const run = await startRealRun(temporal);
  let whileWorking = '';
  // Until a heartbeat reports something; the first one is empty.
  await until(async () => {
    whileWorking = await everythingAbout(run);
    return whileWorking.includes('"rowsPerSecond"');
  });
  const answers = [
    await run.query(PROGRESS_QUERY),
    await run.query('__temporal_workflow_metadata'),
    await run.query('__stack_trace'),
  ];
  await run.result();

  const seen = [whileWorking, JSON.stringify(answers), await everythingAbout(run)].join('\n');
  // The search itself works.
  expect(seen).toContain('"deletedCount"');
  expect(plantedIn(seen)).toEqual([]);
});

test('no memo, metadata or schedule has a session value', async ({ temporal, database }) => {
  await plantSessions(database, { expired: 20_000, live: 50 });
  await using _ = await startRealWorker(temporal, withPlantedPassword(database), UNHURRIED);
  const { client, namespace } = temporal;
  await applySchedule(client, definitionFor(temporal), recordingLogger().logger);
  const schedule = client.schedule.getHandle(SCHEDULE_ID);
  await schedule.trigger(ScheduleOverlapPolicy.SKIP);
  await until(async () => (await countSessions(database)).expired < 20_000);
  const [action] = (await schedule.describe()).info.recentActions;
  const { workflowId = '', firstExecutionRunId = '' } = action?.action.workflow ?? {};
  const run = client.workflow.getHandle(workflowId, firstExecutionRunId);
  // A cancelled run is the one that writes its memo.
  await run.cancel();
  await expect(run.result()).rejects.toThrow('cancelled');

  const described = await client.workflowService.describeSchedule({
    namespace,
    scheduleId: SCHEDULE_ID,
  });
  const seen = [await everythingAbout(run), textOf(described)].join('\n');
  for (const there of [RESULT_MEMO, 'userMetadata', 'TemporalScheduledById', 'recentActions']) {
    expect(seen).toContain(there);
  }
  expect(plantedIn(seen)).toEqual([]);
});

test('no error passes on a row, the address or the password', async ({ temporal, database }) => {
  await plantOne(database);
  // PostgreSQL's own message: Key (id)=(deadbeef-…) is still referenced from table "audits".
  await database.sql('create table audits (session uuid references sessions)');
  await database.sql('insert into audits values ($1)', [PLANTED.row]);
  await using _ = await startRealWorker(temporal, withPlantedPassword(database));
  const run = await startRealRun(temporal);
  expect(await run.result()).toMatchObject({ deletedCount: 0 });

  const seen = await everythingAbout(run);
  expect(seen).toContain('audits_session_fkey');
  expect(plantedIn(seen)).toEqual([]);
  expect(seen).not.toContain(new URL(database.url).host);
});
