/** `npm run dev`: a complete development environment. See `npm run dev -- --help`. */
import { realpathSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { migrateDatabase } from '../src/cli/database.ts';
import { EXIT } from '../src/cli/errors.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { createOrm } from '../src/database/orm.ts';
import { createLogger } from '../src/logging/logging.ts';
import { applySchedule } from '../src/schedule/apply.ts';
import { defineSchedule } from '../src/schedule/definition.ts';
import { describeSchedule } from '../src/schedule/schedule.ts';
import { loadTemporalSettings } from '../src/temporal/connection-settings.ts';
import { connectClient } from '../src/temporal/connection.ts';
import { countRows, currentSecond, performFirstRun, type RunContext } from './dev/first-run.ts';
import {
  openTerminal,
  renderFirstRun,
  renderJson,
  renderNextRun,
  renderPages,
  type FirstRun,
} from './dev/output.ts';
import { parseDevOptions, type DevOptions } from './dev/options.ts';
import { fillSessions } from './dev/sample-sessions.ts';
import { checkEnvironment, openServers, startWorker, stopLeftoverWorker } from './dev/servers.ts';
import { ownSessions, reportRuns, showCounts, simulateTraffic } from './dev/stay.ts';
import { fillStore } from './dev/stores/fill-store.ts';
import { LIBRARIES } from './dev/stores/libraries.ts';
import type { SessionStore } from './dev/stores/session-store.ts';
import { runScript } from './options.ts';
import { explainFullDisk } from './services/full-disk.ts';
import { unexpectedExit } from './services/service-process.ts';
import { listenForStop, StopRequested, unlessStopped } from './services/stop-request.ts';

const terminal = openTerminal(process.stdout);
const { log, progress } = terminal;
const stop = listenForStop();
const { signal } = stop;

await runScript(async () => {
  const options = parseDevOptions(process.argv.slice(2));
  try {
    const first = await runDevelopment(options);
    if (first === undefined) process.exitCode = EXIT.failed;
    else log(renderJson(first));
  } catch (error) {
    // Ctrl-C is the usual end of an environment that stays.
    if (error instanceof StopRequested && !options.once) return;
    throw explainFullDisk(
      error,
      // PostgreSQL uses the second one where its user may not enter the first.
      [options.data, realpathSync(os.tmpdir())],
      'Free space there, or set another folder by --data (by TMPDIR, for the temporary folder).',
    );
  }
});
// Everything has stopped but Temporal's connection, see below.
process.exit();

/**
 * Starts everything, performs the first run, and stays until a stop is requested, unless `--once`.
 * Everything that was started has stopped when this returns or throws.
 *
 * @returns the first run; undefined when there was none because the schedule is paused
 * @throws the reason of `stop`, also when a server or the worker stops unexpectedly
 */
async function runDevelopment(options: DevOptions): Promise<FirstRun | undefined> {
  checkEnvironment(process.env, options.store);

  // Disposed of in reverse order: the worker stops first, while its servers still answer.
  await using stack = new AsyncDisposableStack();
  await stopLeftoverWorker(options.data, log);
  const servers = stack.use(await openServers(options, process.env, log, signal));
  stack.defer(() => {
    log('Stopping …');
  });
  void stopAfter(servers.ended);
  signal.throwIfAborted();
  const { env, ownsDatabase } = servers;
  const config = loadConfig(env);
  const orm = createOrm(config.database, config.targets, config.deletion);
  stack.defer(() => {
    // Not awaited: that would wait for its last statement.
    orm.close(true).catch(() => undefined);
  });
  // Not closed: the SDK retries a call that a stop interrupts, and on a closed connection that retry
  // would throw where it cannot be caught.
  const { client, namespace } = await connectClient(loadTemporalSettings(env));
  const context: RunContext = { client, orm, config, terminal, signal };

  const migrations = await unlessStopped(signal, migrateDatabase(config));
  if (migrations.length > 0) log(`Migrated    ${migrations.join(', ')}`);
  const library = LIBRARIES.find(({ preset }) => preset === options.store);
  // Before the worker, which looks for the table.
  const store = await library?.open(config.database.url);
  if (store !== undefined) stack.use(store);
  const worker = stack.use(await startWorker(options.data, env));
  void stopAfter(unexpectedExit(worker));
  log(`Worker      process ${String(worker.pid)}, log in ${worker.logFile}`);
  // While the worker loads. A given database gets no sample rows.
  if (ownsDatabase) {
    await unlessStopped(signal, fill(context, options.sessions, store));
  }

  const first = await unlessStopped(signal, runOnSchedule(context));
  log(renderNextRun(await describeSchedule(client)));
  log(renderPages(servers.uiAddress, namespace, first?.run));
  if (options.once) return first;

  const file = writeEnvironmentFile(options.data, env);
  const sourced = /^[\w./~+-]+$/.test(file) ? file : quoted(file);
  log(`Try         . ${sourced} && npx session-cleanup status`);
  const work = [reportRuns(client, log, signal)];
  if (ownsDatabase) work.push(simulateTraffic(store ?? ownSessions(orm.em), signal));
  // Counting every few seconds would be a burden on a given database.
  if (ownsDatabase && terminal.isInteractive) work.push(showCounts(orm, config, progress, signal));
  await unlessStopped(signal, Promise.all(work));
  return first;
}

async function fill(
  { orm, config }: RunContext,
  count: number,
  store: SessionStore | undefined,
): Promise<void> {
  if (store === undefined) {
    await fillSessions(orm.em, count, terminal, signal);
  } else {
    const existing = await countRows(orm, config, await currentSecond(orm));
    await fillStore(store, existing, count, terminal, signal);
  }
}

/** Stops everything when one part stops unexpectedly. */
async function stopAfter(ended: Promise<Error>): Promise<void> {
  stop.abort(await ended);
}

/** Applies the schedule and, unless it is paused, has it start a run. */
async function runOnSchedule(context: RunContext): Promise<FirstRun | undefined> {
  const { client, config } = context;
  await applySchedule(client, defineSchedule(config), createLogger('silent', process.stdout));
  const { paused } = await describeSchedule(client);
  if (paused) {
    log('The schedule is paused, so no run is triggered. Unpause it in the Web UI, or by:');
    log('npx session-cleanup schedule unpause');
    return undefined;
  }
  const first = await performFirstRun(context);
  log(renderFirstRun(first));
  return first;
}

/** Writes a file for a shell to source. Only its owner can read it, since it holds the password. */
function writeEnvironmentFile(folder: string, env: NodeJS.ProcessEnv): string {
  const file = path.join(folder, 'environment');
  // Everything else is the user's own environment.
  const names = [
    ...['DATABASE_URL', 'SESSION_CLEANUP_PRESET'],
    ...['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_CONFIG_FILE'],
  ];
  const lines = names.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [`export ${name}=${quoted(value)}\n`];
  });
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return file;
}

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
