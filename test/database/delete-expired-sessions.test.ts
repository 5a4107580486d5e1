import { setTimeout as sleep } from 'node:timers/promises';

import { CancelledFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE, RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { failureOf, openActivities, type Ending } from '../support/mock-activity.ts';

describe('a slice', () => {
  test('deletes what has expired, and names its target', async ({ database }) => {
    await fillSessions(database, { expired: 3_000, live: 2_000 });
    const targets = [TEST_TARGET, { ...TEST_TARGET, name: 'tokens', table: 'tokens' }];
    await using activities = openActivities(database.url, { targets });
    expect(await activities.attempt({}).result).toMatchObject({
      target: 'sessions',
      deletedCount: 3_000,
      skippedLocked: 0,
      stopped: 'drained',
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 2_000 });
  });

  test('heartbeats counts after its chunks, up to the last row', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 1_000 });
    await using activities = openActivities(database.url);
    const attempt = activities.attempt({});
    await attempt.result;
    expect(attempt.heartbeats.length).toBeGreaterThan(1);
    const counts = attempt.heartbeats.map(({ deletedCount }) => deletedCount);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(attempt.heartbeats.at(-1)).toEqual({
      target: 'sessions',
      slice: 0,
      way: expect.stringMatching(/^(sweep|drain)$/),
      deletedCount: 20_000,
      skippedLocked: 0,
      rowsPerSecond: expect.any(Number),
      seconds: expect.any(Number),
      fraction: expect.any(Number),
    });
  });

  test('heartbeats during a long statement, and not after its end', async ({ database }) => {
    await fillSessions(database, { expired: 1, live: 10 });
    await database.sql(`create function sleep() returns trigger language plpgsql as
      $$ begin perform pg_sleep(4); return old; end $$`);
    await database.sql(
      'create trigger sleep before delete on sessions for each row execute function sleep()',
    );
    await using activities = openActivities(database.url);
    const before = {
      target: 'sessions',
      slice: 0,
      deletedCount: 7,
      skippedLocked: 0,
      rowsPerSecond: 1,
    };
    const attempt = activities.attempt({}, { heartbeatDetails: before });
    expect(await attempt.result).toMatchObject({ deletedCount: 1 });
    const { length } = attempt.heartbeats;
    // What an earlier attempt reported is kept until there is something new.
    expect(
      attempt.heartbeats.filter(({ deletedCount }) => deletedCount === 7).length,
    ).toBeGreaterThanOrEqual(3);
    await sleep(2_000);
    expect(attempt.heartbeats).toHaveLength(length);
  }, 15_000);

  test('counts a row once in any number of attempts', async ({ database }) => {
    await fillSessions(database, { expired: 500, live: 0 });
    await using activities = openActivities(database.url);
    const cutoff = new Date().toISOString();
    expect(await activities.attempt({ cutoff }).result).toMatchObject({ deletedCount: 500 });
    // The answer to the first attempt was lost, so the server retries it.
    expect(await activities.attempt({ cutoff }, { attempt: 2 }).result).toMatchObject({
      deletedCount: 500,
    });
  });

  test('deletes nothing in a dry run, and reports what it would', async ({ database }) => {
    await fillSessions(database, { expired: 700, live: 300 });
    await using activities = openActivities(database.url);
    expect(await activities.attempt({ dryRun: true }).result).toEqual({
      target: 'sessions',
      deadline: expect.any(String),
      way: expect.any(String),
      deletedCount: 700,
      skippedLocked: 0,
      seconds: expect.any(Number),
      stopped: 'drained',
    });
    expect(await countSessions(database)).toEqual({ expired: 700, live: 300 });
    expect(await database.sql('select * from session_cleanup.session_cleanup_ledger')).toEqual([]);
  });
});

describe('a slice that has to stop', () => {
  test('completes with its count when the run was cancelled', async ({ database }) => {
    await fillSessions(database, { expired: 50_000, live: 0 });
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 10 } });
    const attempt = activities.attempt({}, {}, (end) => {
      end('cancelRequested');
    });
    const { deletedCount, stopped } = await attempt.result;
    expect(stopped).toBe('cancelled');
    expect(deletedCount).toBeGreaterThan(0);
    expect(await countSessions(database)).toEqual({ expired: 50_000 - deletedCount, live: 0 });
  });

  test('hands the rest over when the worker shuts down', async ({ database }) => {
    await fillSessions(database, { expired: 50_000, live: 0 });
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 10 } });
    const cutoff = new Date().toISOString();
    const first = await activities.attempt({ cutoff }, {}, (end) => {
      end('workerShutdown');
    }).result;
    expect(first.stopped).toBe('handed-over');
    expect(first.resumeFrom).toBeDefined();
    expect(first.deletedCount).toBeLessThan(50_000);

    const { resumeFrom } = first;
    const rest = await activities.attempt({
      cutoff,
      slice: 1,
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    }).result;
    expect(rest.stopped).toBe('drained');
    expect(first.deletedCount + rest.deletedCount).toBe(50_000);
  });

  test.for<Ending>(['paused', 'reset', 'timedOut', 'notFound'])(
    'lets the cancellation through when it was %s, and the next attempt loses no count',
    async (reason, { database }) => {
      await fillSessions(database, { expired: 50_000, live: 0 });
      await using activities = openActivities(database.url, {
        deletion: { chunkMilliseconds: 10 },
      });
      const cutoff = new Date().toISOString();
      const attempt = activities.attempt({ cutoff }, {}, (end) => {
        end(reason);
      });
      await expect(attempt.result).rejects.toBeInstanceOf(CancelledFailure);
      const { expired } = await countSessions(database);
      expect(expired).toBeGreaterThan(0);
      expect(expired).toBeLessThan(50_000);

      const next = await activities.attempt({ cutoff }, { attempt: 2 }).result;
      expect(next).toMatchObject({ deletedCount: 50_000, stopped: 'drained' });
    },
  );

  test('leaves a dry run at once, even one that waits for a lock', async ({ database }) => {
    await using activities = openActivities(database.url);
    const holder = await database.connect();
    await holder.query('begin; lock table sessions in access exclusive mode');
    const attempt = activities.attempt({ dryRun: true });
    await expect.poll(async () => await countWaiting(database)).toBe(1);
    attempt.end('cancelRequested');
    await expect(attempt.result).rejects.toBeInstanceOf(CancelledFailure);
    expect(await countWaiting(database)).toBe(1);
    await holder.query('rollback');
  });
});

describe('settling a slice', () => {
  test('reports what attempts without a result deleted, and ends them', async ({ database }) => {
    await fillSessions(database, { expired: 50_000, live: 0 });
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 10 } });
    let settled: ReturnType<typeof activities.settle> | undefined;
    const attempt = activities.attempt({}, {}, () => {
      settled ??= activities.settle({});
    });
    const failure = await failureOf(attempt.result);
    expect(failure.type).toBe(RETRYABLE_FAILURE.superseded);
    const deletedCount = (await settled)?.deletedCount ?? 0;
    expect(deletedCount).toBeGreaterThan(0);
    expect(await countSessions(database)).toEqual({ expired: 50_000 - deletedCount, live: 0 });
  });

  test('of a slice that never began finds nothing', async ({ database }) => {
    await using activities = openActivities(database.url);
    expect(await activities.settle({})).toEqual({
      deletedCount: 0,
      skippedLocked: 0,
      seconds: 0,
    });
  });

  test('is final: a later attempt deletes nothing and returns its count', async ({ database }) => {
    await fillSessions(database, { expired: 50_000, live: 0 });
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 10 } });
    const attempt = activities.attempt({}, {}, (end) => {
      end('timedOut');
    });
    await expect(attempt.result).rejects.toBeInstanceOf(CancelledFailure);
    const { deletedCount, resumeFrom } = await activities.settle({});
    expect(deletedCount).toBeGreaterThan(0);

    const late = await activities.attempt({}, { attempt: 2 }).result;
    expect(late).toMatchObject({ deletedCount, resumeFrom, stopped: 'handed-over' });
    expect(await countSessions(database)).toEqual({ expired: 50_000 - deletedCount, live: 0 });
  });

  test('works when the table has gone in the meantime', async ({ database }) => {
    await fillSessions(database, { expired: 400, live: 0 });
    await using activities = openActivities(database.url);
    await activities.attempt({}).result;
    await database.sql('drop table sessions');
    expect(await activities.settle({})).toMatchObject({ deletedCount: 400 });
  });
});

describe('targets', () => {
  test('that are not configured are all named when a run is planned', async ({ database }) => {
    await using activities = openActivities(database.url);
    const failure = await failureOf(activities.plan({ targets: ['sessions', 'tokns', 'cods'] }));
    expect(failure).toMatchObject({ type: FAILURE.unknownTarget, nonRetryable: true });
    expect(failure.message).toContain('Target "tokns", "cods": not configured, only sessions.');
  });

  test('known only to another worker are refused without a count', async ({ database }) => {
    await using activities = openActivities(database.url);
    const first = await failureOf(activities.attempt({ target: 'gone' }).result);
    expect(first).toMatchObject({
      type: FAILURE.unknownTarget,
      details: [{ target: 'gone', isUntouched: true }],
    });
    const later = await failureOf(activities.attempt({ target: 'gone' }, { attempt: 2 }).result);
    expect(later.details).toEqual([{ target: 'gone' }]);
  });

  test('of a run come from its input or the configuration, with limits', async ({ database }) => {
    const targets = [TEST_TARGET, { ...TEST_TARGET, name: 'tokens', table: 'tokens' }];
    await using activities = openActivities(database.url, {
      targets,
      deletion: { runBudgetSeconds: 90 },
    });
    expect(await activities.plan({})).toEqual({
      targets: ['sessions', 'tokens'],
      runBudgetSeconds: 90,
    });
    expect(await activities.plan({ targets: ['tokens'] })).toMatchObject({ targets: ['tokens'] });
  });
});

async function countWaiting(database: TestDatabase): Promise<number> {
  const waiting = await database.sql(
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return waiting.length;
}
