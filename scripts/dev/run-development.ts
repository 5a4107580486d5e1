/** The whole of `npm run dev`, from the start of the servers to their end. */
import type { MikroORM } from '@mikro-orm/postgresql';

import type { Client } from '@temporalio/client';

import { migrateDatabase } from '../../src/cli/database.ts';
import { countText, durationText, numberText } from '../../src/contract/text.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createOrm } from '../../src/database/orm.ts';
import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { connectClient } from '../../src/temporal/connection.ts';
import { createLogger } from '../../src/logging/logging.ts';
import { applySchedule } from '../../src/schedule/apply.ts';
import { defineSchedule } from '../../src/schedule/definition.ts';
import { describeSchedule } from '../../src/schedule/schedule.ts';
import { serviceFailure } from '../services/service-process.ts';
import { writeEnvironmentFile } from './environment-file.ts';
import { performFirstRun, type FirstRun } from './first-run.ts';
import type { DevOptions } from './options.ts';
import { checkEnvironment } from './preflight.ts';
import { describeFirstRun, describeNextRun, describePages } from './report.ts';
import { fillSessions } from './sample-sessions.ts';
import { openServers, type Servers } from './servers.ts';
import { showCounts, tellOfRuns } from './stay.ts';
import type { Terminal } from './terminal.ts';
import { simulateTraffic } from './traffic.ts';
import { unlessStopped } from '../services/stop-request.ts';
import { endLeftoverWorker, startWorker } from './worker.ts';

/** The world around the command. */
export interface DevContext {
  readonly env: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
  /** Ends everything when aborted; aborted here, with the reason, when a server ends by itself. */
  readonly stop: AbortController;
}

/**
 * Starts everything, has the first run done, and stays until it is told to stop, unless `--once`. All
 * that was started has ended when this returns or throws.
 *
 * @returns the first run; undefined when there was none, since the schedule is paused
 * @throws the reason that `stop` was aborted with
 */
export async function runDevelopment(
  options: DevOptions,
  context: DevContext,
): Promise<FirstRun | undefined> {
  const { terminal, stop } = context;
  const { signal } = stop;
  const { say } = terminal;
  checkEnvironment(context.env);

  // Disposed of in reverse: the worker leaves first, while its servers still answer.
  await using stack = new AsyncDisposableStack();
  await endLeftoverWorker(options.dataDirectory, say);
  const servers = stack.use(await openServers(options, context.env, say, signal));
  stack.defer(() => {
    say('Stopping …');
  });
  void stopWith(stop, Promise.race([servers.database.ended, servers.temporal.ended]));
  signal.throwIfAborted();
  const config = loadConfig(servers.env);
  const orm = createOrm(config.database, config.targets, config.deletion);
  stack.defer(() => {
    // Not waited for: that would be for the end of its last statement, which may take its time.
    orm.close(true).catch(() => undefined);
  });
  // Not closed here, but with the process: a call that a stop cuts off is tried again by the SDK, and on
  // a closed connection that attempt would throw where nobody can catch it.
  const { client, namespace } = await connectClient(loadTemporalSettings(servers.env));

  const session: Session = { options, context, servers, config, orm, client, namespace };

  await unlessStopped(signal, migrateSchema(session));
  const worker = stack.use(await startWorker(options.dataDirectory, servers.env));
  void stopWith(
    stop,
    worker.exited.then((reason) => serviceFailure(worker, `ended by itself (${reason})`)),
  );
  say(`Worker      process ${String(worker.pid)}, log in ${worker.logFile}`);
  // The worker needs a moment to load, and finds nothing to do before the first run.
  await unlessStopped(signal, fillTable(session));
  const first = await unlessStopped(signal, runFirst(session));
  if (options.once) return first;
  return await unlessStopped(signal, stay(session));
}

/** A part that ends by itself ends all of it. */
async function stopWith(stop: AbortController, ended: Promise<Error>): Promise<void> {
  stop.abort(await ended);
}

/** What there is once the servers are open. */
interface Session {
  readonly options: DevOptions;
  readonly context: DevContext;
  readonly servers: Servers;
  readonly config: Config;
  readonly orm: MikroORM;
  readonly client: Client;
  readonly namespace: string;
}

async function runFirst(session: Session): Promise<FirstRun | undefined> {
  const { context, servers, config, orm, client, namespace } = session;
  const { signal } = context.stop;
  const { progress, say } = context.terminal;
  // What it did is told below, in words.
  await applySchedule(client, defineSchedule(config), createLogger('silent', process.stdout));
  const schedule = await describeSchedule(client);
  let first: FirstRun | undefined;
  if (schedule.paused) {
    say('The schedule is paused, so no run is triggered. To let it run again, unpause it in the');
    say('Web UI, or by: npx session-cleanup schedule unpause');
  } else {
    first = await performFirstRun({ client, orm, config, progress, say, signal });
    say(describeFirstRun(first));
  }
  say(describeNextRun(await describeSchedule(client), new Date()));
  say(describePages({ address: servers.temporal.uiAddress, namespace }, first?.run));
  return first;
}

/** Goes on until the stop, whose reason it throws. */
async function stay({ options, context, servers, config, orm, client }: Session): Promise<never> {
  const { signal } = context.stop;
  const { isInteractive, progress, say } = context.terminal;
  const { isOurs } = servers.database;
  const file = writeEnvironmentFile(options.dataDirectory, servers.env);
  say(`Try         . ${file} && npx session-cleanup status`);
  await Promise.all([
    tellOfRuns(client, say, signal),
    // Counting a whole table every few seconds is no way to treat somebody else's database, either.
    ...(isOurs ? [simulateTraffic(orm.em, signal)] : []),
    ...(isOurs && isInteractive ? [showCounts(orm, config, progress, signal)] : []),
  ]);
  throw signal.reason;
}

async function migrateSchema({ context, config }: Session): Promise<void> {
  const applied = await migrateDatabase(config);
  if (applied.length > 0) context.terminal.say(`Migrated    ${applied.join(', ')}`);
}

/** Sample sessions are for a database of our own only, whatever is in the other. */
async function fillTable({ options, context, servers, orm }: Session): Promise<void> {
  if (!servers.database.isOurs) return;
  const { progress, say } = context.terminal;
  const started = performance.now();
  const { expired, live } = await fillSessions(orm.em, options.sessions, {
    signal: context.stop.signal,
    onProgress: (written, all) => {
      const total = countText(all, 'session');
      progress.show(
        written < all ? `Filling     ${numberText(written)} of ${total}` : `Indexing    ${total}`,
      );
    },
  });
  const seconds = (performance.now() - started) / 1_000;
  say(
    expired + live > 0
      ? `Sessions    ${numberText(expired)} expired and ${numberText(live)} live sample rows written in ${durationText(seconds)}`
      : `Sessions    no sample row written: the table holds ${countText(options.sessions, 'row')} or more already`,
  );
}
