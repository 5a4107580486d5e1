import { listPollers, type Poller } from '../../checks/pollers.ts';
import type { Config } from '../../config/config.ts';
import type { ConfigWithoutDatabase } from '../../config/load-config.ts';
import { findLastSuccesses, withLedger, type TargetSuccess } from '../../runs/last-success.ts';
import { listRecentRuns, type RecentRun } from '../../runs/recent-runs.ts';
import { describeSchedule, type ScheduleState } from '../../schedule/schedule.ts';
import type { TemporalSettings } from '../../temporal/connection-settings.ts';
import { gaugesOf, type GaugeValue } from '../../worker/gauges.ts';
import { withClient } from '../context.ts';
import type { PreviewOutcome } from '../database.ts';
import { reportError } from '../errors.ts';

/** A part of the status, or why it could not be read. */
export type Section<Content> =
  { readonly ok: true; readonly content: Content } | { readonly ok: false; readonly error: string };

/** The status; each part is read, and may fail, by itself. */
export interface StatusReport {
  readonly schedule: Section<ScheduleState>;
  /** Newest first. */
  readonly runs: Section<readonly RecentRun[]>;
  readonly workers: Section<readonly Poller[]>;
  /** For each configured target, the last run that cleaned it. */
  readonly lastSuccess: Section<readonly TargetSuccess[]>;
  /** Expired rows of each target; null when the database was not read. */
  readonly targets: Section<readonly PreviewOutcome[]> | null;
}

/** Runs that are shown. */
const RECENT_RUNS = 10;

/**
 * Reads Temporal and, if the configuration has one, the database in parallel. Never fails as a whole.
 *
 * @param since - Runs that ended before this instant are not searched for a success, and expired rows are not counted.
 */
export async function readStatus(
  config: ConfigWithoutDatabase & Partial<Pick<Config, 'database'>>,
  temporal: TemporalSettings,
  since?: Date,
): Promise<StatusReport> {
  const { database, targets: configured } = config;
  const [fromTemporal, targets, inLedger] = await Promise.all([
    readTemporal(config, temporal, since),
    // A count may take long, and does not decide whether a target is overdue.
    database === undefined || since !== undefined
      ? null
      : toSection(async () => {
          const { previewTargets } = await import('../database.ts');
          return await previewTargets({ ...config, database });
        }),
    database === undefined
      ? undefined
      : toSection(async () => {
          const { readCleanTargets } = await import('../database.ts');
          return await readCleanTargets({ ...config, database });
        }),
  ]);
  const { lastSuccess } = fromTemporal;
  if (!lastSuccess.ok || inLedger?.ok !== true) return { ...fromTemporal, targets };
  const content = withLedger(lastSuccess.content, inLedger.content, configured);
  return { ...fromTemporal, targets, lastSuccess: { ok: true, content } };
}

/** The values of a worker's gauges, as far as they are known. */
export function gaugesIn(
  { schedule, runs, lastSuccess, targets }: StatusReport,
  targetCount: number,
): readonly GaugeValue[] {
  const sources = {
    schedule: contentOf(schedule),
    runs: contentOf(runs),
    lastSuccess: contentOf(lastSuccess),
    targets: contentOf(targets)?.filter((outcome) => outcome.kind === 'previewed'),
  };
  return gaugesOf(sources, targetCount);
}

async function readTemporal(
  { taskQueue, schedule: { scheduleId }, targets }: ConfigWithoutDatabase,
  temporal: TemporalSettings,
  since: Date | undefined,
): Promise<Omit<StatusReport, 'targets'>> {
  const names = targets.map(({ name }) => name);
  try {
    return await withClient(temporal, async (client) => {
      const [schedule, runs, workers, lastSuccess] = await Promise.all([
        toSection(() => describeSchedule(client, scheduleId)),
        toSection(() => listRecentRuns(client, RECENT_RUNS, taskQueue)),
        toSection(() => listPollers(client, taskQueue)),
        toSection(() => findLastSuccesses(client, { taskQueue, targets: names, since })),
      ]);
      return { schedule, runs, workers, lastSuccess };
    });
  } catch (error) {
    const failed = { ok: false, error: reportError(error).message } as const;
    return { schedule: failed, runs: failed, workers: failed, lastSuccess: failed };
  }
}

function contentOf<Content>(section: Section<Content> | null): Content | undefined {
  return section?.ok === true ? section.content : undefined;
}

async function toSection<Content>(read: () => Promise<Content>): Promise<Section<Content>> {
  try {
    return { ok: true, content: await read() };
  } catch (error) {
    return { ok: false, error: reportError(error).message };
  }
}

/** Whether every part has been read. */
export function isComplete({ targets, ...parts }: StatusReport): boolean {
  return (
    Object.values(parts).every(({ ok }) => ok) &&
    (targets === null || (targets.ok && targets.content.every(({ kind }) => kind === 'previewed')))
  );
}

/**
 * The targets whose last success has a cut-off before `since`. Unknown counts as overdue, so that the
 * alarm is not silent; undefined when the runs could not be read.
 */
export function overdueTargets(
  { lastSuccess }: StatusReport,
  since: Date,
): readonly string[] | undefined {
  if (!lastSuccess.ok) return undefined;
  return lastSuccess.content
    .filter(({ success }) => success === null || new Date(success.cutoff) < since)
    .map(({ target }) => target);
}
