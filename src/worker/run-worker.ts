import { setFlagsFromString } from 'node:v8';

import { Client } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError } from '@temporalio/worker';
import type { NativeConnection, Worker } from '@temporalio/worker';

import { checkDeployment } from '../checks/check-temporal.ts';
import type { Config, OtlpSettings } from '../config/config.ts';
import { closeOrm, createOrm } from '../database/orm.ts';
import type { Logger } from '../logging/logging.ts';
import { settleSchedule } from '../schedule/apply.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import { isTemporalDown, repeatWhileDown, requireNamespace } from '../temporal/connection.ts';
import { serveHealth, WorkerHealth } from './health.ts';
import { exportMetrics, metricsExporter } from './metrics.ts';
import { connectWorker, installRuntime } from './native.ts';
import { FINDING, requireDatabase } from './require-database.ts';
import { ACTIVITIES_AT_ONCE, createCleanupWorker, runUntil } from './worker.ts';

/** Names of the worker's own log events. */
const EVENT = {
  started: 'session_cleanup_worker_started',
  stopping: 'session_cleanup_worker_stopping',
  stopped: 'session_cleanup_worker_stopped',
  abandoned: 'session_cleanup_worker_abandoned',
  temporalUnavailable: 'session_cleanup_temporal_unavailable',
  gaugeNotRead: 'session_cleanup_gauge_not_read',
  scheduleNotApplied: 'session_cleanup_schedule_not_applied',
} as const;

/** Time limit for requests to the server at the start. Milliseconds. */
const ANSWER_WITHIN = 15_000;

/** What the process of a worker is given. */
export interface WorkerProcess {
  readonly config: Config;
  /** Where to send metrics, unless the configuration has an address to serve them. */
  readonly otlp: OtlpSettings | undefined;
  readonly temporal: TemporalSettings;
  readonly logger: Logger;
  /** Calls back for each signal that asks the process to end, until disposed. */
  readonly onInterrupt: (callback: (signal: string) => void) => Disposable;
  /** Explains an error in one line, without secrets. */
  readonly explain: (error: unknown) => string;
}

/**
 * Runs a worker until a signal stops it. Waits for a database and a Temporal server that are down, and for
 * the namespace. A second signal, or work that does not end in time, ends the process with exit code 1.
 *
 * @throws TemporalRefusedError, DatabaseProblem when it cannot start
 */
export async function runWorker(options: WorkerProcess): Promise<void> {
  const { config, temporal, logger, explain } = options;
  // A worker waits for hours, so a small heap matters more than speed; not while it loads.
  setFlagsFromString('--optimize-for-size');
  const stop = new AbortController();
  using _interrupt = options.onInterrupt(stopOnce(logger, stop));

  const health = new WorkerHealth();
  // Opened first, since it may fail, and closed last.
  await using _health =
    config.healthAddress === undefined
      ? undefined
      : await serveHealth(config.healthAddress, health);
  stop.signal.addEventListener('abort', () => {
    health.enter('stopping');
  });
  // Node 22 has no AsyncDisposableStack.
  const closing: (() => Promise<void>)[] = [];
  await using _closed = {
    async [Symbol.asyncDispose]() {
      for (const close of closing.toReversed()) await close();
    },
  };
  const orm = createOrm(config.database, config.targets, {
    lanes: config.deletion.lanes * ACTIVITIES_AT_ONCE,
  });
  closing.push(() => closeOrm(orm));
  await requireDatabase(orm, config, logger);

  installRuntime(logger, await metricsExporter(config.metricsAddress, options.otlp));
  const whileDown = async <Answer>(attempt: () => Promise<Answer>): Promise<Answer | undefined> =>
    await repeatWhileDown(
      attempt,
      (error) => {
        const reason = explain(error);
        logger.warn({ reason }, EVENT.temporalUnavailable);
        health.enter('waiting', reason);
      },
      stop.signal,
    );
  const connected = await whileDown(() => connect(temporal));
  if (connected !== undefined) {
    const { connection, client } = connected;
    closing.push(() => connection.close());
    const isSettled = await tryToSettleSchedule(client, options);
    await reportVersion(client, options);

    const { namespace } = temporal;
    const worker = await whileDown(() =>
      createCleanupWorker({ config, orm, connection, namespace }),
    );
    if (worker !== undefined) {
      if (!isSettled) {
        // The worker polls meanwhile; the schedule is applied once Temporal answers.
        void whileDown(() => changeSchedule(client, options)).catch((error: unknown) => {
          logger.error({ reason: explain(error) }, EVENT.scheduleNotApplied);
        });
      }
      // Not awaited at the end: what it asks then fails with the connections.
      void exportMetrics({ config, orm, client, namespace }, stop.signal, (error) => {
        logger.debug({ reason: explain(error) }, EVENT.gaugeNotRead);
      });
      logger.info(describe(options), EVENT.started);
      health.run(worker);
      try {
        await runOrAbandon(worker, stop.signal, logger);
      } catch (error) {
        health.enter('failed', 'the worker ended with an error; its log has more');
        throw error;
      }
    }
  }
  logger.info(EVENT.stopped);
}

function describe({ config, temporal }: WorkerProcess): object {
  const { taskQueue, targets, versioning } = config;
  return {
    temporal_address: temporal.address,
    temporal_namespace: temporal.namespace,
    task_queue: taskQueue,
    targets: targets.map(({ name }) => name),
    ...(versioning === undefined
      ? {}
      : { deployment: versioning.deploymentName, build_id: versioning.buildId }),
  };
}

/** @throws an error that {@link repeatWhileDown} recognises if another attempt may help */
async function connect(
  temporal: TemporalSettings,
): Promise<{ readonly connection: NativeConnection; readonly client: Client }> {
  const connection = await connectWorker(temporal);
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    await inTime(client, () => requireNamespace(client));
    return { connection, client };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** A server that hangs would block the worker for ever. */
async function inTime<Answer>(client: Client, request: () => Promise<Answer>): Promise<Answer> {
  return await client.withDeadline(Date.now() + ANSWER_WITHIN, request);
}

/** Exits the process when the worker's activities do not end in time. */
async function runOrAbandon(worker: Worker, stop: AbortSignal, logger: Logger): Promise<void> {
  try {
    await runUntil(worker, stop);
  } catch (error) {
    if (error instanceof GracefulShutdownPeriodExpiredError) {
      abandon(logger, 'running activities did not end in time');
    }
    throw error;
  }
}

/**
 * Exits without waiting, since what hangs now would hang while its connection closes, too. The server
 * rolls back the open transaction, and the ledger keeps the count exact.
 */
function abandon(logger: Logger, reason: string): never {
  logger.warn({ reason }, EVENT.abandoned);
  process.exit(1);
}

/** The first signal stops gracefully; a second one ends the process. */
function stopOnce(logger: Logger, stop: AbortController): (signal: string) => void {
  return (signal) => {
    if (stop.signal.aborted) abandon(logger, `a second signal, ${signal}`);
    logger.info({ signal }, EVENT.stopping);
    stop.abort();
  };
}

/** Warns if new runs go to another version: the rollout of this one is not complete. */
async function reportVersion(
  client: Client,
  { config, logger, explain }: WorkerProcess,
): Promise<void> {
  const { versioning } = config;
  if (versioning === undefined) return;
  try {
    const { level, ...finding } = await inTime(client, () => checkDeployment(client, versioning));
    if (level !== 'ok') logger.warn(finding, FINDING);
  } catch (error) {
    logger.warn({ check: 'deployment', message: explain(error) }, FINDING);
  }
}

/**
 * Applies or checks the schedule, as configured. The worker starts even if that fails.
 *
 * @returns false when Temporal could not be reached, and another attempt may help
 */
async function tryToSettleSchedule(client: Client, options: WorkerProcess): Promise<boolean> {
  try {
    await changeSchedule(client, options);
    return true;
  } catch (error) {
    options.logger.error({ reason: options.explain(error) }, EVENT.scheduleNotApplied);
    return !isTemporalDown(error);
  }
}

async function changeSchedule(client: Client, { config, logger }: WorkerProcess): Promise<void> {
  await inTime(client, () => settleSchedule(client, config, logger));
}
