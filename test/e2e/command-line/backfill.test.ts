import { describe } from 'vitest';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import { test } from '../../support/fixtures.ts';
import { temporalCli } from '../../support/temporal-cli.ts';
import { expectBackfill, type Overlap } from '../support/backfill.ts';
import { PAST_RANGE } from '../support/slots.ts';

/** The outcome of each by docs/operations.md, for four slots six hours apart. */
const POLICIES: readonly (readonly [Overlap, string])[] = [
  ['Skip', 'runs the first slot only'],
  ['BufferOne', 'runs the first slot, and then one more'],
  ['BufferAll', 'runs all slots one after another, each with its own rows'],
  ['AllowAll', 'runs all slots at once, and counts each row once'],
  ['CancelOther', 'cancels the run that is open, which keeps its count'],
  ['TerminateOther', 'terminates the run that is open, whose count stays in the ledger'],
];

describe('a backfill of a past day by the temporal command', () => {
  test.for(POLICIES)('with %s %s', async ([overlap], { database, temporal }) => {
    await expectBackfill({ database, temporal }, overlap, async () => async () => {
      await temporalCli(
        temporal,
        ...['schedule', 'backfill', '--schedule-id', SCHEDULE_ID, '--overlap-policy', overlap],
        ...['--start-time', PAST_RANGE.from.toISOString()],
        ...['--end-time', PAST_RANGE.to.toISOString()],
      );
    });
  });
});
