import { expect } from 'vitest';

import { describeSchedule } from '../../../src/schedule/schedule.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { startWorker } from '../../support/worker-process.ts';
import { sessionCleanup, sessionCleanupJson } from '../support/our-command.ts';
import {
  openEditor,
  openSchedule,
  saveEditor,
  toggleSchedule,
  triggerInPage,
} from '../support/schedule-page.ts';
import { deletedBy, onlyRun, untilSchedule } from '../support/scheduled-runs.ts';
import { test } from '../support/web-ui-test.ts';

const STOCK = { expired: 1_500, live: 500 };

test('pauses with a reason, triggers paused, unpauses', async ({ ui, database, temporal }) => {
  const stage = { database, temporal };
  await fillSessions(database, STOCK);
  const settings = { SCHEDULE: 'apply' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await openSchedule(ui);

  await toggleSchedule(ui, 'Pause', 'moving the database');
  await ui.page.getByRole('heading', { level: 1, name: 'Paused' }).waitFor();
  await untilSchedule(stage, (state) => {
    expect(state).toMatchObject({ paused: true, note: 'moving the database' });
  });
  expect((await sessionCleanup(stage, ['schedule', 'describe'])).stdout).toMatch(
    /, paused\n.*\n +note +moving the database\n/,
  );

  await triggerInPage(ui);
  expect(await deletedBy(await onlyRun(stage))).toBe(STOCK.expired);
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
  expect(await describeSchedule(temporal.client)).toMatchObject({ paused: true });

  await toggleSchedule(ui, 'Unpause', 'moved');
  await untilSchedule(stage, (state) => {
    expect(state).toMatchObject({ paused: false, note: 'moved' });
  });
});

test('edits interval and input; apply reports the change', async ({ ui, database, temporal }) => {
  const stage = { database, temporal };
  await fillSessions(database, STOCK);
  await sessionCleanup(stage, ['schedule', 'apply']);
  await sessionCleanup(stage, ['schedule', 'pause', '--reason', 'while it is edited']);
  await openEditor(ui);
  const { page } = ui;
  const form = page.getByRole('main');

  await form.getByRole('button', { name: 'Delete', exact: true }).click();
  await form.getByRole('button', { name: 'Cron String' }).click();
  await page.getByRole('option', { name: 'Interval' }).click();
  // In minutes, as the form has it.
  await form.getByRole('spinbutton', { name: 'Time Interval' }).fill('120');
  await form.getByRole('button', { name: 'Edit', exact: true }).click();
  await form.getByRole('textbox', { name: 'JSON Data' }).fill('{"dryRun": true}');
  await saveEditor(ui);

  await untilSchedule(stage, (state) => {
    expect(state).toMatchObject({
      intervals: [{ everySeconds: 7_200, offsetSeconds: 0 }],
      input: [{ dryRun: true }],
      paused: true,
      note: 'while it is edited',
      overlapPolicy: 'SKIP',
      catchupWindowSeconds: 86_400,
    });
  });
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  await openSchedule(ui);
  await triggerInPage(ui);
  expect(await (await onlyRun(stage)).result()).toMatchObject({ deletedCount: STOCK.expired });
  expect(await countSessions(database)).toEqual(STOCK);

  // Nothing but that: the page has kept summary, details and all policies.
  expect(await sessionCleanupJson(stage, ['schedule', 'apply'])).toMatchObject({
    exitCode: 0,
    result: {
      outcome: {
        kind: 'updated',
        differences: [
          { field: 'interval', found: 'every 2h', wanted: 'every 6h' },
          { field: 'input', found: '{"dryRun":true}', wanted: '{}' },
        ],
      },
      schedule: { paused: true, note: 'while it is edited' },
    },
  });
});
