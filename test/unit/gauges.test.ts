import { describe, expect, test } from 'vitest';

import { gaugesOf, type GaugeSources } from '../../src/worker/gauges.ts';

const NOTHING: GaugeSources = {
  schedule: undefined,
  runs: undefined,
  lastSuccess: undefined,
  targets: undefined,
};
const DEADLINE = '2026-11-30T12:00:00Z';

const rowsOf = (target: string, eligibleRows: number, oldest: string | null) => ({
  target,
  deadline: DEADLINE,
  eligibleRows,
  oldest,
});
const successOf = (target: string, cutoff: string | null) => ({
  target,
  success: cutoff === null ? null : { workflowId: 'run', cutoff, endedAt: cutoff },
  passedOver: null,
});

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `t${index}`);

const sourcesOf = (count: number): GaugeSources => ({
  ...NOTHING,
  lastSuccess: names(count).map((name, index) =>
    successOf(name, `2026-11-30T11:00:${String(index).padStart(2, '0')}Z`),
  ),
  targets: names(count).map((name, index) =>
    rowsOf(name, 2, `2026-11-30T11:00:${String(index).padStart(2, '0')}Z`),
  ),
});

describe('the gauges', () => {
  test('leave out what could not be read', () => {
    expect(gaugesOf(NOTHING, 1)).toEqual([]);
  });

  test('say whether the schedule is paused, and how many targets wait for approval', () => {
    const awaiting = [
      { target: 'a', expiredRows: 1, totalRows: 1 },
      { target: 'b', expiredRows: 1, totalRows: 1 },
    ];
    const sources = { ...NOTHING, schedule: { paused: true }, runs: [{ awaiting }] };
    expect(gaugesOf(sources, 2)).toEqual([
      { name: 'schedule_paused', value: 1 },
      { name: 'awaiting_approval', value: 2 },
    ]);
  });

  test('give the age of the oldest expired row, and 0 where there is none', () => {
    const targets = [
      rowsOf('a', 7, '2026-11-30T11:59:59.5Z'),
      rowsOf('b', 0, null),
      rowsOf('c', 1, '-infinity'),
    ];
    expect(gaugesOf({ ...NOTHING, targets }, 3)).toEqual([
      { name: 'oldest_expired_age_seconds', target: 'a', value: 0.5 },
      { name: 'oldest_expired_age_seconds', target: 'b', value: 0 },
      { name: 'expired_rows_estimate', target: 'a', value: 7 },
      { name: 'expired_rows_estimate', target: 'b', value: 0 },
      { name: 'expired_rows_estimate', target: 'c', value: 1 },
    ]);
  });

  test('have no success for a target without a known one', () => {
    const lastSuccess = [successOf('a', DEADLINE), successOf('b', null)];
    expect(gaugesOf({ ...NOTHING, lastSuccess }, 2)).toEqual([
      { name: 'last_success_timestamp_seconds', target: 'a', value: Date.parse(DEADLINE) / 1_000 },
    ]);
  });

  test('have one value each for 51 targets, and one for every target of 50', () => {
    expect(gaugesOf(sourcesOf(50), 50)).toHaveLength(150);
    expect(gaugesOf(sourcesOf(51), 51)).toEqual([
      {
        name: 'last_success_timestamp_seconds',
        value: Date.parse('2026-11-30T11:00:00Z') / 1_000,
      },
      { name: 'oldest_expired_age_seconds', value: 3_600 },
      { name: 'expired_rows_estimate', value: 102 },
    ]);
  });

  test('hide no unknown target behind the others of many', () => {
    const lastSuccess = Array.from({ length: 51 }, (_, index) =>
      successOf(`t${index}`, index === 0 ? null : DEADLINE),
    );
    expect(gaugesOf({ ...NOTHING, lastSuccess }, 51)).toEqual([]);
  });
});
