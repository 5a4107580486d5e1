import { describe, expect } from 'vitest';

import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

function die(): void {
  throw new Error('The worker died.');
}

/** Statements that pack a table's rows into other blocks. */
const REWRITES = [
  'vacuum full sessions',
  'cluster sessions using sessions_user_id_index',
  'alter table sessions add column tag uuid default gen_random_uuid()',
];

describe.for(REWRITES)('%s', (rewrite) => {
  test('during a sweep starts it over, and each row is counted once', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 20_000 });
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
    let rewriting: Promise<unknown> | undefined;
    const onProgress = (): void => {
      rewriting ??= database.sql(rewrite);
    };

    const outcome = await cleaner.clean({ hooks: { onProgress } });
    await rewriting;

    expect(outcome).toMatchObject({ way: 'sweep', stopped: 'drained', deletedCount: 20_000 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 20_000 });
  });

  test('between two slices makes the second one start over', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 20_000 });
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
    let chunks = 0;
    const first = await cleaner.clean({
      runId: 'run',
      hooks: {
        onProgress: () => (chunks += 1),
        shouldStop: () => (chunks > 1 ? 'handed-over' : undefined),
      },
    });
    expect(first.stopped).toBe('handed-over');
    await database.sql(rewrite);

    const second = await cleaner.clean({
      runId: 'run',
      slice: 1,
      ...(first.resumeFrom === undefined ? {} : { resumeFrom: first.resumeFrom }),
    });

    expect(second.stopped).toBe('drained');
    expect(first.deletedCount + second.deletedCount).toBe(20_000);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 20_000 });
  });
});

test('locks reported before the table was rewritten are reported once', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
  await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow(
    'The worker died.',
  );
  // As if it had ended after its last visit to three locked rows.
  await database.sql(
    `update session_cleanup.session_cleanup_ledger set remaining = '[{"reason": "locked", "rows": 3}]'`,
  );
  await database.sql('vacuum full sessions');

  const outcome = await cleaner.clean({ runId: 'run' });

  expect(outcome).toMatchObject({ deletedCount: 3_000, skippedLocked: 0, stopped: 'drained' });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});
