import { WorkflowFailedError } from '@temporalio/client';
import { expect } from 'vitest';

import { triggerSchedule } from '../../../src/schedule/start-runs.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { hurryDeletions, slowDownDeletions } from '../../support/slow-deletion.ts';
import { startWorker } from '../../support/worker-process.ts';
import { askProgress, codeIn, openRun, untilStatus, userMetadata } from '../support/run-page.ts';
import { deletedBy, onlyRun } from '../support/scheduled-runs.ts';
import { test } from '../support/web-ui-test.ts';

test('an open run shows progress and runbook, and answers', async ({ ui, database, temporal }) => {
  await fillSessions(database, { expired: 60_000, live: 500 });
  await slowDownDeletions(database, 500);
  const settings = { SCHEDULE: 'apply' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await triggerSchedule(temporal.client);
  const run = await onlyRun({ database, temporal });
  await run.untilDeleted(1);
  await openRun(ui, run);
  await untilStatus(ui, 'Running');

  const [summary, details, current] = await userMetadata(ui);
  await summary?.getByText('Deletes expired sessions').waitFor();
  await details?.getByRole('heading', { name: 'Clean-up of expired sessions' }).waitFor();
  await details?.getByText('no worker polls the task queue').waitFor();
  await current?.getByText(`expired by ${run.slot}`).waitFor();
  const progress = await askProgress(ui, '"targets"');
  expect(progress).toContain(`"cutoff": "${run.slot}"`);
  // A slice reports its progress after ten seconds, and the page reads it when opened.
  await expect
    .poll(
      async () => {
        await openRun(ui, run, 'user-metadata');
        const [, , now] = await userMetadata(ui);
        await now?.getByText(`expired by ${run.slot}`).waitFor();
        return await now?.getByRole('cell').allInnerTexts();
      },
      { timeout: 40_000 },
    )
    .toEqual(
      expect.arrayContaining([expect.stringMatching(/^deleting, .*\d+ % of the table seen\s*$/)]),
    );

  // Enough seen: the rest goes fast, and the page has kept nothing from being counted.
  await hurryDeletions(database);
  expect(await deletedBy(run)).toBe(60_000);
  expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
});

test('a completed run shows its exact count everywhere', async ({ ui, database, temporal }) => {
  await fillSessions(database, { expired: 12_345, live: 500 });
  const settings = { SCHEDULE: 'apply' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await triggerSchedule(temporal.client);
  const run = await onlyRun({ database, temporal });
  expect(await deletedBy(run)).toBe(12_345);

  await openRun(ui, run, 'history');
  await untilStatus(ui, 'Completed');
  const result: unknown = JSON.parse(await codeIn(ui, 'Result', '"deletedCount"'));
  expect(result).toEqual(await run.result());
  await ui.page.getByRole('row', { name: 'Activity Task Completed' }).waitFor();
  const [, , current] = await userMetadata(ui);
  await current?.getByRole('cell', { name: 'done, no expired rows left' }).waitFor();
  await current?.getByRole('cell', { name: '12,345' }).waitFor();
  expect(await askProgress(ui, '"drained"')).toContain('"deletedCount": 12345');
  expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
});

test('a failed run shows the error and the remedy', async ({ ui, database, temporal }) => {
  await fillSessions(database, { expired: 100, live: 50 });
  const settings = { SCHEDULE: 'apply', TABLE: 'auth.session' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await triggerSchedule(temporal.client);
  const run = await onlyRun({ database, temporal });
  await expect(run.result()).rejects.toThrow(WorkflowFailedError);

  await openRun(ui, run, 'history');
  await untilStatus(ui, 'Failed');
  const failure = await codeIn(ui, 'Result', 'does not exist');
  expect(failure).toContain('table \\"auth\\".\\"session\\" does not exist');
  expect(failure).toContain('Set SESSION_CLEANUP_TABLE to the table');
  const [, details, current] = await userMetadata(ui);
  await details?.getByText('message says what to do').waitFor();
  await current?.getByText('Set SESSION_CLEANUP_TABLE').waitFor();
  expect(await askProgress(ui, '"failed"')).toContain('"deletedCount": 0');
  expect(await countSessions(database)).toEqual({ expired: 100, live: 50 });
});
