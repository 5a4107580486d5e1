import { targetLabel, type GaugeName } from '../contract/metrics.ts';
import type { TargetSuccess } from '../runs/last-success.ts';
import type { RecentRun } from '../runs/recent-runs.ts';
import type { ScheduleState } from '../schedule/schedule.ts';

/** The value of a gauge; JSON. */
export interface GaugeValue {
  readonly name: GaugeName;
  /** Left out where there are too many targets for a value of each. */
  readonly target?: string;
  readonly value: number;
}

/** The expired rows of a target. */
export interface ExpiredRowsOfTarget {
  readonly target: string;
  /** ISO 8601. */
  readonly deadline: string;
  readonly eligibleRows: number;
  /** Expiry of the oldest, as PostgreSQL writes it; null: there is none. */
  readonly oldest: string | null;
}

/** What gauges are derived from; undefined: it could not be read, and its gauges keep their values. */
export interface GaugeSources {
  readonly schedule: Pick<ScheduleState, 'paused'> | undefined;
  readonly runs: readonly Pick<RecentRun, 'awaiting'>[] | undefined;
  readonly lastSuccess: readonly TargetSuccess[] | undefined;
  readonly targets: readonly ExpiredRowsOfTarget[] | undefined;
}

/** The gauges whose values are known. A target without a known success has none for it. */
export function gaugesOf(
  { schedule, runs, lastSuccess = [], targets = [] }: GaugeSources,
  targetCount: number,
): readonly GaugeValue[] {
  const perTarget = <Source extends { readonly target: string }>(
    name: GaugeName,
    sources: readonly Source[],
    valueOf: (source: Source) => number | undefined,
    combine: (values: readonly number[]) => number,
  ): readonly GaugeValue[] => {
    const found = sources.flatMap((source) => {
      const value = valueOf(source);
      // JavaScript cannot hold all of PostgreSQL's dates.
      if (value === undefined || !Number.isFinite(value)) return [];
      return [{ name, ...targetLabel(source.target, targetCount), value }];
    });
    if (found.some(({ target }) => target !== undefined)) return found;
    // A target without a value must not be hidden by the others.
    if (found.length < targetCount) return [];
    return [{ name, value: combine(found.map(({ value }) => value)) }];
  };
  return [
    ...(schedule === undefined
      ? []
      : [{ name: 'schedule_paused', value: Number(schedule.paused) } as const]),
    ...(runs === undefined
      ? []
      : [
          { name: 'awaiting_approval', value: runs.flatMap((run) => run.awaiting).length } as const,
        ]),
    ...perTarget('last_success_timestamp_seconds', lastSuccess, successOf, (all) =>
      Math.min(...all),
    ),
    ...perTarget('oldest_expired_age_seconds', targets, ageOf, (all) => Math.max(...all)),
    ...perTarget(
      'expired_rows_estimate',
      targets,
      ({ eligibleRows }) => eligibleRows,
      (all) => all.reduce((sum, rows) => sum + rows, 0),
    ),
  ];
}

function successOf({ success }: TargetSuccess): number | undefined {
  return success === null ? undefined : Date.parse(success.cutoff) / 1_000;
}

function ageOf({ deadline, oldest }: ExpiredRowsOfTarget): number {
  if (oldest === null) return 0;
  return Math.max((Date.parse(deadline) - Date.parse(oldest)) / 1_000, 0);
}
