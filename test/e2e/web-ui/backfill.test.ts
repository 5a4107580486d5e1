import { defineSearchAttributeKey } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { describeSchedule, pauseSchedule } from '../../../src/schedule/schedule.ts';
import { startWorker } from '../../support/worker-process.ts';
import { expectBackfill, type Overlap } from '../support/backfill.ts';
import { prepareBackfill } from '../support/schedule-page.ts';
import { deletedBy, onlyRun } from '../support/scheduled-runs.ts';
import { countLeft, fillSlots, PAST_RANGE, SLOTS } from '../support/slots.ts';
import { test } from '../support/web-ui-test.ts';

const SLOT = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

describe('the backfill form', () => {
  test('by default covers the coming hour, keeps live rows', async ({ ui, database, temporal }) => {
    await fillSlots(database, 300);
    // So that slots lie in that hour.
    const settings = { SCHEDULE: 'apply', INTERVAL: '20m' };
    await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });

    // So that none of them starts a run by itself.
    await pauseSchedule(temporal.client, 'under test');

    const submit = await prepareBackfill(ui, {});
    await submit();

    const run = await onlyRun({ database, temporal });
    const { cutoff } = await run.result();
    const { startTime, typedSearchAttributes } = await run.handle.describe();
    expect(typedSearchAttributes.get(SLOT)?.getTime()).toBeGreaterThan(startTime.getTime());
    expect(new Date(cutoff).getTime()).toBeLessThanOrEqual(startTime.getTime());
    expect(await deletedBy(run)).toBe((SLOTS.length + 1) * 300);
    expect(await countLeft(database)).toEqual({ bySlot: SLOTS.map(() => 0), later: 0, live: 300 });
    // The form offers the schedule's own policy, under which the other slots are left out.
    expect((await describeSchedule(temporal.client)).skippedRuns).toBeGreaterThan(0);
  });

  test.for<readonly [Overlap, string]>([
    ['Skip', 'runs the first slot only'],
    ['BufferAll', 'runs all slots one after another, each with its own rows'],
    ['AllowAll', 'runs all slots at once, and counts each row once'],
    ['CancelOther', 'cancels the run that is open, which keeps its count'],
    ['TerminateOther', 'terminates the run that is open, whose count stays in the ledger'],
  ])('for a past day under %s %s', async ([overlap], { ui, database, temporal }) => {
    await expectBackfill(
      { database, temporal },
      overlap,
      async () => await prepareBackfill(ui, { range: PAST_RANGE, overlap }),
    );
  });
});
