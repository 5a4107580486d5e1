import { readFileSync } from 'node:fs';

import type { MikroORM } from '@mikro-orm/postgresql';
import { Client } from '@temporalio/client';
import type { Logger } from '@temporalio/common';
import { Runtime, type Worker, type WorkerOptions, type WorkerPlugin } from '@temporalio/worker';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { SETTINGS } from '../config/settings.ts';
import { WORKFLOW_TYPE } from '../contract/names.ts';
import { closeOrm, createOrm, discoverEntities } from '../database/orm.ts';
import { settleSchedule, type ProblemLog } from '../schedule/apply.ts';
import { exportMetrics } from './metrics.ts';
import { ACTIVITIES_AT_ONCE, createCleanupWorker, runUntil } from './worker.ts';

/** Options of {@link SessionCleanupPlugin}. What they leave out, `SESSION_CLEANUP_…` variables and the defaults decide. */
export interface SessionCleanupPluginOptions {
  /** Address of the database that holds the sessions. Default: `DATABASE_URL`. */
  readonly databaseUrl?: string;
  /** An ORM of the application on that database, to be used instead of connections of our own. The caller closes it. */
  readonly orm?: MikroORM;
  /** A configuration, or the path of a `session-cleanup.yaml`. */
  readonly config?: Config | string;
  /** Task queue of the clean-up. Default: `session-cleanup`, or with `mode: 'host'` the one of the host. */
  readonly taskQueue?: string;
  /** What to do with the schedule when the worker starts. Default: `apply`. */
  readonly schedule?: 'apply' | 'check' | 'off';
  /**
   * `companion` (default): a second worker in the host's process, on the host's connection, with a task queue of its
   * own. `host`: the host's worker runs the clean-up itself, and its workflows have to export `sessionCleanup` from
   * `session-cleanup/workflows`.
   */
  readonly mode?: 'companion' | 'host';
}

/**
 * Adds the clean-up to an application's worker: `plugins: [new SessionCleanupPlugin({ databaseUrl })]`.
 *
 * The host's workflows, bundle, versioning and replay stay as they are. A failure of the clean-up is logged, and never
 * ends the host; when the host shuts down, running slices finish their chunk and other workers continue.
 *
 * @throws ConfigError from the constructor, with all problems of the configuration
 */
export class SessionCleanupPlugin implements WorkerPlugin {
  readonly name = 'session-cleanup';
  readonly #mode: 'companion' | 'host';
  readonly #config: Config;
  readonly #givenOrm: MikroORM | undefined;
  #orm: MikroORM | undefined;
  #isRunning = false;

  constructor(options: SessionCleanupPluginOptions = {}) {
    const { mode = 'companion', orm, taskQueue, schedule } = options;
    const config = configOf(options);
    this.#mode = mode;
    this.#givenOrm = orm;
    this.#config = {
      ...config,
      taskQueue: taskQueue ?? config.taskQueue,
      schedule: { ...config.schedule, atWorkerStart: schedule ?? config.schedule.atWorkerStart },
    };
  }

  /** In the mode `host`, adds the activities. */
  configureWorker(options: WorkerOptions): WorkerOptions {
    if (this.#mode === 'companion') return options;
    requireWorkflow(options);
    const activities = createCleanupActivities({ orm: this.#openOrm(), config: this.#config });
    return { ...options, activities: { ...options.activities, ...activities } };
  }

  /** Runs the clean-up beside the host's worker, from its start to its end. */
  async runWorker(host: Worker, next: (host: Worker) => Promise<void>): Promise<void> {
    // A connection hands its plugins on to the companion, and one companion serves several hosts.
    if (this.#isRunning) {
      await next(host);
      return;
    }
    this.#isRunning = true;
    const { logger } = Runtime.instance();
    const stop = new AbortController();
    const cleaning = this.#run(host, stop.signal, logger).catch((error: unknown) => {
      logger.error('session-cleanup: the clean-up does not run', { error });
    });
    try {
      await next(host);
    } finally {
      stop.abort();
      await cleaning;
      await this.#closeOrm();
      this.#isRunning = false;
    }
  }

  async #run(host: Worker, stop: AbortSignal, logger: Logger): Promise<void> {
    const { connection } = host;
    if (connection === undefined) return;
    const { namespace, taskQueue, dataConverter: { payloadCodecs = [] } = {} } = host.options;
    // The host's codecs encrypt what the clean-up sends as well. Its payload converter is part of the host's bundle.
    const dataConverter = { payloadCodecs };
    const config = this.#mode === 'host' ? { ...this.#config, taskQueue } : this.#config;
    const client = new Client({ connection, namespace, dataConverter });
    await settleSchedule(client, config, toProblemLog(logger)).catch((error: unknown) => {
      logger.error('session-cleanup: the schedule was not applied', { error });
    });
    // Only in a process whose runtime exports metrics.
    void exportMetrics({ config, orm: this.#openOrm(), client, namespace }, stop, (error) => {
      logger.debug('session-cleanup: a gauge was not read', { error });
    });
    if (this.#mode === 'host') return;
    const worker = await createCleanupWorker({
      config,
      orm: this.#openOrm(),
      connection,
      namespace,
      dataConverter,
    });
    await runUntil(worker, stop);
  }

  #openOrm(): MikroORM {
    const { database, targets, deletion } = this.#config;
    if (this.#orm === undefined && this.#givenOrm !== undefined) {
      discoverEntities(this.#givenOrm, database, targets);
    }
    this.#orm ??=
      this.#givenOrm ??
      createOrm(database, targets, { lanes: deletion.lanes * ACTIVITIES_AT_ONCE });
    return this.#orm;
  }

  async #closeOrm(): Promise<void> {
    if (this.#orm !== undefined && this.#orm !== this.#givenOrm) await closeOrm(this.#orm);
    this.#orm = undefined;
  }
}

function configOf({ config, databaseUrl, orm }: SessionCleanupPluginOptions): Config {
  if (typeof config === 'object') return config;
  const url = databaseUrl ?? orm?.config.get('clientUrl');
  return loadConfig({
    ...process.env,
    ...(url === undefined ? {} : { DATABASE_URL: url }),
    ...(config === undefined ? {} : { [SETTINGS.config.name]: config }),
  });
}

/** The SDK's logger takes the text first. */
function toProblemLog(logger: Logger): ProblemLog {
  return {
    info: (fields, event) => {
      logger.info(event, { ...fields });
    },
    warn: (fields, event) => {
      logger.warn(event, { ...fields });
    },
    error: (fields, event) => {
      logger.error(event, { ...fields });
    },
  };
}

/** The host's workflows have to hold ours. A bundle shows it; of sources only the entry file is looked at. */
function requireWorkflow({ workflowBundle, workflowsPath }: WorkerOptions): void {
  const remedy = `Add to the workflows: export { ${WORKFLOW_TYPE} } from 'session-cleanup/workflows';`;
  const code =
    workflowBundle === undefined
      ? undefined
      : 'code' in workflowBundle
        ? workflowBundle.code
        : readFileSync(workflowBundle.codePath, 'utf8');
  if (code !== undefined && !code.includes(WORKFLOW_TYPE)) {
    throw new TypeError(
      `session-cleanup: the workflow bundle does not export ${WORKFLOW_TYPE}. ${remedy}`,
    );
  }
  if (code === undefined && workflowsPath === undefined) {
    throw new TypeError(`session-cleanup: the worker has no workflows. ${remedy}`);
  }
}
