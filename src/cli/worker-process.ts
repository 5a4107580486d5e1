import { setFlagsFromString } from 'node:v8';

import { Client } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError } from '@temporalio/worker';
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { MikroORM } from '@mikro-orm/postgresql';

import type { Config } from '../config/config.ts';
import { createOrm } from '../database/orm.ts';
import type { Logger } from '../logging/logging.ts';
import { createLogger } from '../logging/logging.ts';
import { installRuntime } from '../worker/runtime.ts';
import { checkDeployment } from '../checks/check-temporal.ts';
import { applySchedule, checkSchedule } from '../schedule/apply.ts';
import { defineSchedule } from '../schedule/definition.ts';
import { ACTIVITIES_AT_ONCE, createCleanupWorker } from '../worker/worker.ts';
import { isTemporalDown, requireNamespace } from '../temporal/connection.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import { repeatWhileDown } from '../temporal/while-down.ts';
import { connectWorker } from '../worker/connection.ts';
import { readFullConfig } from './command-context.ts';
import type { CommandContext } from './command-context.ts';
import { DatabaseProblem } from './database-problem.ts';
import { closeDatabase, findProblems, requireReadyDatabase } from './database.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { onInterrupt } from './interrupt.ts';
import { reportError } from './report-error.ts';

/** Names of the worker's own log events. */
const EVENT = {
  started: 'session_cleanup_worker_started',
  stopping: 'session_cleanup_worker_stopping',
  stopped: 'session_cleanup_worker_stopped',
  abandoned: 'session_cleanup_worker_abandoned',
  temporalUnavailable: 'session_cleanup_temporal_unavailable',
  databaseUnavailable: 'session_cleanup_database_unavailable',
  finding: 'session_cleanup_check',
  scheduleNotApplied: 'session_cleanup_schedule_not_applied',
  scheduleDiffers: 'session_cleanup_schedule_differs',
} as const;

/** Time that the server has for what is asked at the start. Milliseconds. */
const ANSWER_WITHIN = 15_000;

/**
 * Works until a signal says to stop.
 *
 * Waits for a database and a Temporal server that are down.
 *
 * @throws ConfigError, NamespaceNotFoundError, DatabaseProblem when it cannot start
 */
export async function runWorker(context: CommandContext): Promise<ExitCode> {
  // A worker waits for hours, so small beats fast; but not while it loads, which would take longer.
  setFlagsFromString('--optimize-for-size');
  const { config, temporal } = readFullConfig(context);
  const logger = createLogger(config.logLevel, context.stdout);
  const stop = new AbortController();
  using _interrupt = onInterrupt(stopOnce(logger, stop));

  await using cleanup = new AsyncDisposableStack();
  const orm = createOrm(config.database, config.targets, {
    lanes: config.deletion.lanes * ACTIVITIES_AT_ONCE,
  });
  cleanup.defer(() => closeDatabase(orm));
  await checkDatabase(orm, config, logger);

  installRuntime(logger);
  const whileDown = async <Answer>(attempt: () => Promise<Answer>): Promise<Answer | undefined> =>
    await repeatWhileDown(
      attempt,
      (error) => {
        logger.warn({ reason: reportError(error).message }, EVENT.temporalUnavailable);
      },
      stop.signal,
    );
  const connected = await whileDown(() => connect(temporal));
  if (connected === undefined) return stopped(logger);
  const { connection, client } = connected;
  cleanup.defer(() => connection.close());
  const { namespace } = temporal;
  const isSettled = await settleSchedule(client, config, logger);
  await tellVersion(client, config, logger);

  const worker = await whileDown(() => createCleanupWorker({ config, orm, connection, namespace }));
  if (worker === undefined) return stopped(logger);
  if (!isSettled) {
    // Runs are worked on meanwhile; the schedule follows once Temporal answers.
    void whileDown(async () => {
      await changeSchedule(client, config, logger);
    }).catch((error: unknown) => {
      logger.error({ reason: reportError(error).message }, EVENT.scheduleNotApplied);
    });
  }
  logger.info(
    {
      temporal_address: temporal.address,
      temporal_namespace: namespace,
      task_queue: config.taskQueue,
      targets: config.targets.map(({ name }) => name),
      ...(config.versioning === undefined
        ? {}
        : {
            deployment: config.versioning.deploymentName,
            build_id: config.versioning.buildId,
          }),
    },
    EVENT.started,
  );
  try {
    await runUntil(worker, stop.signal);
  } catch (error) {
    if (error instanceof GracefulShutdownPeriodExpiredError) {
      abandon(logger, 'the work in hand did not end in time');
    }
    throw error;
  }
  return stopped(logger);
}

function stopped(logger: Logger): ExitCode {
  logger.info(EVENT.stopped);
  return EXIT.done;
}

/** @throws an error of which {@link repeatWhileDown} knows whether another attempt may help */
async function connect(
  temporal: TemporalSettings,
): Promise<{ readonly connection: NativeConnection; readonly client: Client }> {
  const connection = await connectWorker(temporal);
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    await inTime(client, async () => {
      await requireNamespace(client);
    });
    return { connection, client };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** A server that hangs would keep the worker waiting without end. */
async function inTime<Answer>(client: Client, ask: () => Promise<Answer>): Promise<Answer> {
  return await client.withDeadline(Date.now() + ANSWER_WITHIN, ask);
}

/** Runs the worker, and shuts it down when `stop` is aborted, be it before the worker was ready. */
async function runUntil(worker: Worker, stop: AbortSignal): Promise<void> {
  const shutDown = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const ended = worker.run();
  stop.addEventListener('abort', shutDown, { once: true });
  if (stop.aborted) shutDown();
  await ended;
}

/**
 * Leaves without waiting for anything: what hangs now would hang at closing its connection, too. The
 * server rolls back the transaction in hand, and the ledger keeps the count exact.
 */
function abandon(logger: Logger, reason: string): never {
  logger.warn({ reason }, EVENT.abandoned);
  process.exit(EXIT.failed);
}

/** The first signal stops gracefully; another one does not wait any longer. */
function stopOnce(logger: Logger, stop: AbortController): (signal: string) => void {
  return (signal) => {
    if (stop.signal.aborted) abandon(logger, `a second signal, ${signal}`);
    logger.info({ signal }, EVENT.stopping);
    stop.abort();
  };
}

/**
 * A database that is down comes back, and runs wait for it; a ledger that is missing stays missing.
 * Everything else that is wrong is logged, and told by the run that meets it: a worker that did not
 * start would leave its runs waiting without a word.
 */
async function checkDatabase(orm: MikroORM, config: Config, logger: Logger): Promise<void> {
  try {
    await requireReadyDatabase(orm, config);
    for (const { level, ...finding } of await findProblems(orm, config)) {
      if (level !== 'ok') logger[level === 'error' ? 'error' : 'warn'](finding, EVENT.finding);
    }
  } catch (error) {
    if (!(error instanceof DatabaseProblem && error.mayPass)) throw error;
    logger.warn({ reason: error.message }, EVENT.databaseUnavailable);
  }
}

/** Says when new runs go to another version: whoever deployed this one has a step to do yet. */
async function tellVersion(client: Client, config: Config, logger: Logger): Promise<void> {
  const { versioning } = config;
  if (versioning === undefined) return;
  try {
    const { level, ...finding } = await inTime(client, () => checkDeployment(client, versioning));
    if (level !== 'ok') logger.warn(finding, EVENT.finding);
  } catch (error) {
    logger.warn({ check: 'deployment', message: reportError(error).message }, EVENT.finding);
  }
}

/**
 * Does to the schedule what the configuration says. Runs are worked on even if that fails.
 *
 * @returns false when Temporal could not be reached, and another attempt may help
 */
async function settleSchedule(client: Client, config: Config, logger: Logger): Promise<boolean> {
  try {
    await changeSchedule(client, config, logger);
    return true;
  } catch (error) {
    logger.error({ reason: reportError(error).message }, EVENT.scheduleNotApplied);
    return !isTemporalDown(error);
  }
}

async function changeSchedule(client: Client, config: Config, logger: Logger): Promise<void> {
  const definition = defineSchedule(config);
  await inTime(client, async () => {
    switch (config.schedule.atWorkerStart) {
      case 'apply':
        await applySchedule(client, definition, logger);
        break;
      case 'check': {
        const outcome = await checkSchedule(client, definition);
        if (outcome.kind === 'taken') {
          logger.error({ ...outcome }, EVENT.scheduleDiffers);
        } else if (outcome.kind !== 'as-configured') {
          logger.warn({ ...outcome }, EVENT.scheduleDiffers);
        }
        break;
      }
      case 'off':
        break;
    }
  });
}
