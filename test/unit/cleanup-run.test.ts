import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import type { SliceRequest, SliceResult } from '../../src/contract/slice.ts';
import { CleanupRun, type Conditions, type Step } from '../../workflows/cleanup-run.ts';
import type { SliceEnd } from '../../workflows/slices.ts';

const CUTOFF = '2026-11-20T06:00:00.000Z';
const NOW = Date.parse('2026-11-20T06:00:01.000Z');

/** What comes next, in a run of which nothing is asked. */
const QUIET: Conditions = { isPaused: false, isCancelled: false, isLong: false, now: NOW };

function runOver(...targets: string[]): CleanupRun {
  const run = new CleanupRun({ cutoff: CUTOFF, dryRun: false });
  run.follow({ targets });
  return run;
}

function sliceStep(step: Step): SliceRequest {
  if (step.kind !== 'slice') throw new Error(`Not a slice, but: ${step.kind}`);
  return step.request;
}

function completed(request: SliceRequest, reported: Partial<SliceResult>): SliceEnd {
  const result: SliceResult = {
    target: request.target,
    deadline: request.cutoff,
    way: 'sweep',
    deletedCount: 0,
    skippedLocked: 0,
    seconds: 1,
    stopped: 'drained',
    ...reported,
  };
  return { kind: 'completed', result };
}

describe('the sum that a run reports', () => {
  /** One thing that happens, with as many rows deleted in it. */
  const happening = fc.record({
    what: fc.constantFrom(
      ...['drained', 'time-spent', 'time-spent', 'handed-over', 'budget', 'cancelled'],
      ...['approval-needed', 'interrupted', 'interrupted', 'failed', 'unknown-target'],
    ),
    rows: fc.nat({ max: 9 }),
    isKnown: fc.boolean(),
    isOutage: fc.boolean(),
    operator: fc.constantFrom('pause', 'resume', 'cancel', 'approve', 'reject', ...many('nothing')),
    isLong: fc.boolean(),
    isTimeUp: fc.boolean(),
  });

  test('is that of the ledger, or marked as uncounted, for any sequence of ends', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
        fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        fc.array(happening, { maxLength: 60 }),
        (targets, runBudgetSeconds, happenings) => {
          let run = new CleanupRun({ cutoff: CUTOFF, dryRun: false });
          run.follow({
            targets,
            slots: { intervalSeconds: 21_600, offsetSeconds: 0 },
            ...(runBudgetSeconds === undefined ? {} : { runBudgetSeconds }),
          });
          const ledger = new Map<string, { target: string; rows: number; isClosed: boolean }>();
          let execution = 0;
          let [isPaused, isCancelled, hasDoneSlice] = [false, false, false];

          /** The activity, with what its attempts did to the ledger. */
          const perform = (request: SliceRequest, now: (typeof happenings)[number]): SliceEnd => {
            const key = `${execution}/${request.target}/${request.slice}`;
            const isClaimed = ledger.has(key);
            const entry = ledger.get(key) ?? { target: request.target, rows: 0, isClosed: false };
            expect(entry.isClosed, 'a slice whose count is final is not requested again').toBe(
              false,
            );
            expect(request.isRepeated === true || !isClaimed).toBe(true);
            if (now.what === 'approval-needed' && !isClaimed && request.isApproved !== true) {
              const approval = { expiredRows: 9, totalRows: 9 };
              return completed(request, { stopped: 'approval-needed', approval });
            }
            entry.rows += now.rows;
            ledger.set(key, entry);
            const deletedCount = entry.rows;
            switch (now.what) {
              case 'interrupted':
                return { kind: 'interrupted' };
              case 'unknown-target':
              case 'failed': {
                const type = now.what === 'failed' ? FAILURE.noTable : FAILURE.unknownTarget;
                const failure = { type, message: 'It failed.' };
                if (!now.isKnown) return { kind: 'failed', failure };
                const isUntouched = request.isRepeated !== true && deletedCount === 0;
                const details = {
                  target: request.target,
                  deletedSoFar: deletedCount,
                  ...(isUntouched ? { isUntouched } : {}),
                };
                return { kind: 'failed', failure, details };
              }
              case 'drained':
              case 'time-spent':
              case 'handed-over':
              case 'budget':
              case 'cancelled':
                entry.isClosed = true;
                return completed(request, { stopped: now.what, deletedCount });
              default:
                entry.isClosed = true;
                return completed(request, { deletedCount });
            }
          };

          let ended = false;
          for (let index = 0; !ended; index += 1) {
            const now = happenings[index] ?? { ...LAST, isOutage: index % 2 === 0 };
            expect(index).toBeLessThan(happenings.length + 100);
            if (now.operator === 'pause') isPaused = true;
            if (now.operator === 'resume') isPaused = false;
            if (now.operator === 'cancel') isCancelled = true;
            const [asking] = run.awaiting;
            if (asking !== undefined && /^(approve|reject)$/.test(now.operator)) {
              run.answer(asking, now.operator === 'approve');
            }
            const isLong = hasDoneSlice && now.isLong;
            const step = run.next({ isPaused, isCancelled, isLong, now: NOW });
            switch (step.kind) {
              case 'slice':
                run.record(perform(step.request, now));
                hasDoneSlice = true;
                break;
              case 'settle': {
                const entry = ledger.get(`${execution}/${step.target}/${step.slice}`);
                const deletedCount = entry?.rows ?? 0;
                if (entry !== undefined && !now.isOutage) entry.isClosed = true;
                const settled = { deletedCount, skippedLocked: 0, seconds: deletedCount };
                run.settle(step.target, now.isOutage ? undefined : settled);
                break;
              }
              case 'wait':
                if (now.isTimeUp && step.until !== undefined) run.stopWaiting();
                break;
              case 'continue-as-new':
                run = new CleanupRun(structuredClone(run.carry()));
                execution += 1;
                hasDoneSlice = false;
                break;
              case 'end':
                ended = true;
            }
          }

          const result = run.result();
          expect(result.targets.map(({ target }) => target)).toEqual(targets);
          for (const { target, deletedCount, uncounted } of result.targets) {
            const own = [...ledger.values()].filter((entry) => entry.target === target);
            const inLedger = own.reduce((sum, { rows }) => sum + rows, 0);
            const least = uncounted === true ? 0 : inLedger;
            expect(deletedCount).toBeGreaterThanOrEqual(least);
            expect(deletedCount).toBeLessThanOrEqual(inLedger);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

/** After everything else: the run is cancelled, and the database answers at last. */
const LAST = {
  what: 'drained',
  rows: 0,
  isKnown: true,
  isOutage: false,
  operator: 'cancel',
  isLong: false,
  isTimeUp: true,
} as const;

function many<T>(value: T): T[] {
  return Array.from({ length: 12 }, () => value);
}

describe('targets', () => {
  test('get their turn after each slice whose time is spent, and stay when a worker hands over', () => {
    const run = runOver('a', 'b');
    const order: string[] = [];
    for (const stopped of [
      'time-spent',
      'handed-over',
      'time-spent',
      'drained',
      'drained',
    ] as const) {
      const request = sliceStep(run.next(QUIET));
      order.push(request.target);
      run.record(completed(request, { stopped }));
    }
    expect(order).toEqual(['a', 'b', 'b', 'a', 'b']);
    expect(run.next(QUIET)).toEqual({ kind: 'end' });
  });

  test('that wait for approval are passed over, and waited for only when nothing else is left', () => {
    const run = new CleanupRun({ cutoff: CUTOFF, dryRun: false });
    run.follow({ targets: ['a', 'b'], slots: { intervalSeconds: 21_600, offsetSeconds: 3_600 } });
    const approval = { expiredRows: 5, totalRows: 5 };
    run.record(completed(sliceStep(run.next(QUIET)), { stopped: 'approval-needed', approval }));
    const next = sliceStep(run.next(QUIET));
    expect(next.target).toBe('b');
    run.record(completed(next, {}));
    expect(run.next(QUIET)).toEqual({ kind: 'settle', target: 'a', slice: 0 });
    run.settle('a', { deletedCount: 0, skippedLocked: 0, seconds: 0 });
    // The slots are at 01:00, 07:00 …, and the wait ends half a minute before.
    const until = Date.parse('2026-11-20T06:59:30.000Z');
    expect(run.next(QUIET)).toEqual({ kind: 'wait', until });
    run.stopWaiting();
    expect(run.next(QUIET)).toEqual({ kind: 'end' });
    expect(run.result().targets).toMatchObject([{ stopped: 'unapproved', slices: [] }, {}]);
  });

  test('share what is left of the time budget, and one that uses up its share leaves the others theirs', () => {
    const run = new CleanupRun({ cutoff: CUTOFF, dryRun: false });
    run.follow({ targets: ['a', 'b', 'c'], runBudgetSeconds: 60 });
    const shares: unknown[] = [];
    for (const [stopped, seconds] of [
      ['budget', 20],
      ['drained', 2],
      ['time-spent', 38],
    ] as const) {
      const request = sliceStep(run.next(QUIET));
      shares.push([request.target, request.budgetSeconds]);
      run.record(completed(request, { stopped, seconds }));
    }
    expect(shares).toEqual([
      ['a', 20],
      ['b', 20],
      ['c', 38],
    ]);
    expect(run.next(QUIET)).toEqual({ kind: 'end' });
    expect(run.result().targets.map(({ stopped }) => stopped)).toEqual([
      'budget',
      'drained',
      'budget',
    ]);
  });
});

test('a target that has not worked yet is begun even when the others have spent the budget', () => {
  const run = new CleanupRun({ cutoff: CUTOFF, dryRun: false });
  run.follow({ targets: ['a', 'b', 'c'], runBudgetSeconds: 1 });
  const approval = { expiredRows: 5, totalRows: 5 };
  run.record(completed(sliceStep(run.next(QUIET)), { stopped: 'approval-needed', approval }));
  for (const target of ['b', 'c']) {
    const request = sliceStep(run.next(QUIET));
    expect(request).toMatchObject({ target, budgetSeconds: 1 });
    run.record(completed(request, { stopped: 'budget', seconds: 1 }));
  }
  run.answer('a', true);
  run.settle('a', { deletedCount: 0, skippedLocked: 0, seconds: 0 });
  const request = sliceStep(run.next(QUIET));
  expect(request).toMatchObject({ target: 'a', budgetSeconds: 1 });
  run.record(completed(request, { stopped: 'time-spent', seconds: 1 }));
  expect(run.next(QUIET)).toEqual({ kind: 'end' });
  expect(run.result().targets.map(({ stopped }) => stopped)).toEqual([
    'budget',
    'budget',
    'budget',
  ]);
});

test('a result of many slices stays small, with the same totals', () => {
  const run = runOver('a');
  for (let slice = 0; slice < 1_000; slice += 1) {
    const request = sliceStep(run.next(QUIET));
    const by = `key_${slice}`;
    run.record(
      completed(request, {
        stopped: slice < 999 ? 'time-spent' : 'drained',
        deletedCount: 3,
        remaining: [{ reason: 'referenced', rows: 1, by }],
      }),
    );
  }
  const [target] = run.result().targets;
  expect(target).toMatchObject({ deletedCount: 3_000, stopped: 'drained' });
  expect(target?.slices).toHaveLength(21);
  expect(target?.slices[0]).toEqual({
    folded: 980,
    deletedCount: 2_940,
    skippedLocked: 0,
    seconds: 980,
  });
  expect(target?.remaining?.length).toBeLessThanOrEqual(10);
  expect(target?.remaining?.reduce((sum, { rows }) => sum + rows, 0)).toBe(1_000);
  expect(JSON.stringify(run.carry()).length).toBeLessThan(4_000);
});
