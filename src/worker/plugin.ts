import { readFileSync, statSync } from 'node:fs';

import type { MikroORM } from '@mikro-orm/postgresql';
import { Client } from '@temporalio/client';
import type { Logger } from '@temporalio/common';
import { Runtime, type Worker, type WorkerOptions, type WorkerPlugin } from '@temporalio/worker';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import { ConfigError, type Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { SETTINGS } from '../config/settings.ts';
import { WORKFLOW_TYPE } from '../contract/names.ts';
import { closeOrm, createOrm } from '../database/orm.ts';
import { settleSchedule, type ProblemLog } from '../schedule/apply.ts';
import { exportMetrics } from './metrics.ts';
import { requireDatabase } from './require-database.ts';
import { ACTIVITIES_AT_ONCE, createCleanupWorker, runUntil } from './worker.ts';

/** Options of {@link SessionCleanupPlugin}. What they leave out, `SESSION_CLEANUP_…` variables and the defaults decide. */
export interface SessionCleanupPluginOptions {
  /** Address of the database that holds the sessions. Default: `DATABASE_URL`. */
  readonly databaseUrl?: string;
  /**
   * An ORM of the application on that database. The clean-up opens connections of its own, to the same address with the
   * same login and driver options.
   */
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
  readonly #connectAs: { readonly connectAs?: MikroORM };
  #orm: MikroORM | undefined;
  #isRunning = false;

  constructor(options: SessionCleanupPluginOptions = {}) {
    const { mode = 'companion', orm, taskQueue, schedule } = options;
    requireKnown(options);
    const config = configOf(options);
    this.#mode = mode;
    this.#connectAs = orm === undefined ? {} : { connectAs: orm };
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
    const log = toProblemLog(logger);
    // Runs wait for a database that is down, so nothing waits for this one.
    void requireDatabase(this.#openOrm(), config, log).catch((error: unknown) => {
      if (!stop.aborted) logger.error('session-cleanup: no run can work', { error });
    });
    await settleSchedule(client, config, log).catch((error: unknown) => {
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
    const lanes = deletion.lanes * ACTIVITIES_AT_ONCE;
    this.#orm ??= createOrm(database, targets, { lanes, ...this.#connectAs });
    return this.#orm;
  }

  async #closeOrm(): Promise<void> {
    if (this.#orm !== undefined) await closeOrm(this.#orm);
    this.#orm = undefined;
  }
}

const MODES: readonly unknown[] = ['companion', 'host', undefined];
const AT_START: readonly unknown[] = ['apply', 'check', 'off', undefined];

/** Nothing checks the types of JavaScript. */
function requireKnown({ mode, schedule }: SessionCleanupPluginOptions): void {
  const problems = [
    ...(MODES.includes(mode)
      ? []
      : [`mode: ${JSON.stringify(mode)} is invalid. Allowed: companion or host.`]),
    ...(AT_START.includes(schedule)
      ? []
      : [`schedule: ${JSON.stringify(schedule)} is invalid. Allowed: apply, check or off.`]),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
}

function configOf({ config, databaseUrl, orm }: SessionCleanupPluginOptions): Config {
  if (typeof config === 'object') return config;
  const url = databaseUrl ?? (orm && addressOf(orm));
  return loadConfig({
    ...process.env,
    ...(url === undefined ? {} : { DATABASE_URL: url }),
    ...(config === undefined ? {} : { [SETTINGS.config.name]: config }),
  });
}

/** What the address of an ORM says about tables: their database, and the schema of those without one. */
function addressOf({ config }: MikroORM): string {
  const url = new URL(`postgres://localhost/${encodeURIComponent(config.get('dbName') ?? '')}`);
  const schema = URL.parse(config.get('clientUrl') ?? '')?.searchParams.get('schema') ?? null;
  if (schema !== null) url.searchParams.set('schema', schema);
  return url.href;
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

/** What makes a source export names that it does not write. */
const EXPORTS_OTHERS = /export\s*\*|__exportStar|require\(/;

/** The host's workflows have to hold ours. A bundle shows it; of sources only the entry file is looked at. */
function requireWorkflow({ workflowBundle, workflowsPath }: WorkerOptions): void {
  const [place, code] =
    workflowBundle !== undefined
      ? [
          'workflow bundle',
          'code' in workflowBundle ? workflowBundle.code : readIfFile(workflowBundle.codePath),
        ]
      : [workflowsPath, readIfFile(workflowsPath)];
  if (place !== undefined && (code === undefined || code.includes(WORKFLOW_TYPE))) return;
  if (place === workflowsPath && EXPORTS_OTHERS.test(code ?? '')) return;
  throw new TypeError(
    `session-cleanup: ${place === undefined ? 'the worker has no workflows' : `${place} does not export ${WORKFLOW_TYPE}`}. ` +
      `Add to the workflows: export { ${WORKFLOW_TYPE} } from 'session-cleanup/workflows';`,
  );
}

/** Undefined for a folder, and for a path that the bundler completes. */
function readIfFile(path = ''): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
    ? readFileSync(path, 'utf8')
    : undefined;
}
