import type { Client } from '@temporalio/client';

import type { Config } from '../../config/config.ts';
import type { ConfigWithoutDatabase } from '../../config/load-config.ts';
import type { TemporalSettings } from '../../temporal/connection-settings.ts';
import { findLastSuccesses } from '../../runs/last-success.ts';
import type { TargetSuccess } from '../../runs/last-success.ts';
import { listPollers } from '../../checks/pollers.ts';
import type { Poller } from '../../checks/pollers.ts';
import { listRecentRuns } from '../../runs/recent-runs.ts';
import type { RecentRun } from '../../runs/recent-runs.ts';
import { describeSchedule } from '../../schedule/schedule.ts';
import type { ScheduleState } from '../../schedule/schedule.ts';
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
 * @param since - Runs that ended before this instant are not searched for a success.
 */
export async function gatherStatus(
  config: ConfigWithoutDatabase & Partial<Pick<Config, 'database'>>,
  temporal: TemporalSettings,
  since?: Date,
): Promise<StatusReport> {
  const { database } = config;
  const [fromTemporal, targets] = await Promise.all([
    askTemporal(config, temporal, since),
    database === undefined
      ? null
      : toSection(async () => {
          const { previewTargets } = await import('../database.ts');
          return await previewTargets({ ...config, database });
        }),
  ]);
  return { ...fromTemporal, targets };
}

/** Whether every part has been read. */
export function isComplete({
  schedule,
  runs,
  workers,
  lastSuccess,
  targets,
}: StatusReport): boolean {
  return (
    schedule.ok &&
    runs.ok &&
    workers.ok &&
    lastSuccess.ok &&
    (targets === null || (targets.ok && targets.content.every(({ kind }) => kind === 'previewed')))
  );
}

async function askTemporal(
  config: ConfigWithoutDatabase,
  temporal: TemporalSettings,
  since: Date | undefined,
): Promise<Omit<StatusReport, 'targets'>> {
  try {
    return await withClient(temporal, (client) => askClient(client, config, since));
  } catch (error) {
    const failed = { ok: false, error: reportError(error).message } as const;
    return { schedule: failed, runs: failed, workers: failed, lastSuccess: failed };
  }
}

async function askClient(
  client: Client,
  { taskQueue, schedule: { scheduleId }, targets }: ConfigWithoutDatabase,
  since: Date | undefined,
): Promise<Omit<StatusReport, 'targets'>> {
  const [schedule, runs, workers, lastSuccess] = await Promise.all([
    toSection(() => describeSchedule(client, scheduleId)),
    toSection(() => listRecentRuns(client, RECENT_RUNS, taskQueue)),
    toSection(() => listPollers(client, taskQueue)),
    toSection(() =>
      findLastSuccesses(client, {
        taskQueue,
        targets: targets.map(({ name }) => name),
        ...(since === undefined ? {} : { since }),
      }),
    ),
  ]);
  return { schedule, runs, workers, lastSuccess };
}

async function toSection<Content>(ask: () => Promise<Content>): Promise<Section<Content>> {
  try {
    return { ok: true, content: await ask() };
  } catch (error) {
    return { ok: false, error: reportError(error).message };
  }
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
