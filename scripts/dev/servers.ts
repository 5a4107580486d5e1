/** Both servers of the development environment, started side by side and ended together. */
import { openDatabase, type DevDatabase } from './database.ts';
import type { DevOptions } from './options.ts';
import type { Say } from './say.ts';
import { openTemporal, type DevTemporal } from './temporal.ts';

/** A database and a Temporal server; what was started of them ends with the disposal. */
export interface Servers extends AsyncDisposable {
  readonly database: DevDatabase;
  readonly temporal: DevTemporal;
  /** The environment in which the worker, and any of our commands, works on these two. Secret. */
  readonly env: NodeJS.ProcessEnv;
}

/** Opens both, or neither: when one fails, the other is ended before the error is thrown. */
export async function openServers(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  say: Say,
  signal: AbortSignal,
): Promise<Servers> {
  const [database, temporal] = await Promise.allSettled([
    openDatabase(options, env, say),
    openTemporal(options, env, say, signal),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([
      database.status === 'fulfilled' ? database.value.stop() : undefined,
      temporal.status === 'fulfilled' ? temporal.value.stop() : undefined,
    ]);
  };
  if (database.status === 'rejected' || temporal.status === 'rejected') {
    await stop();
    throw database.status === 'rejected' ? database.reason : rejection(temporal);
  }
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return {
    database: database.value,
    temporal: temporal.value,
    env: {
      ...Object.fromEntries(others),
      ...temporal.value.env,
      DATABASE_URL: database.value.url,
    },
    [Symbol.asyncDispose]: stop,
  };
}

function rejection(outcome: PromiseSettledResult<unknown>): unknown {
  return outcome.status === 'rejected' ? outcome.reason : undefined;
}
