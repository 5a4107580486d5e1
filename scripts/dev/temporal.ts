/** The Temporal server of the development environment: one given, or one started. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { serviceFailure } from '../services/service-process.ts';
import { findTemporalCli } from '../services/temporal-cli.ts';
import { DEFAULT_NAMESPACE, startTemporal } from '../services/temporal-server.ts';
import { choosePortAloud } from './choose-port-aloud.ts';
import type { DevOptions } from './options.ts';
import type { Say } from './say.ts';

/** A Temporal server to work with. */
export interface DevTemporal {
  /** The variables of Temporal's own by which our commands and the worker reach it. */
  readonly env: NodeJS.ProcessEnv;
  /** Address of its Web UI; undefined for a given server, which only its owner knows. */
  readonly uiAddress: string | undefined;
  /** Resolves with the error to report when it ends by itself; never for a given one. */
  readonly ended: Promise<Error>;
  /** Ends what was started. */
  stop(): Promise<void>;
}

const CLI_CACHE = fileURLToPath(new URL('../../.cache/temporal', import.meta.url));

/** The variable that gives a server; undefined when one has to be started. */
export function givenTemporal(env: NodeJS.ProcessEnv): string | undefined {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE'].find((name) => (env[name] ?? '') !== '');
}

/** Takes the server that the environment gives, or starts one. */
export async function openTemporal(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  say: Say,
  signal: AbortSignal,
): Promise<DevTemporal> {
  const given = givenTemporal(env);
  if (given !== undefined) {
    say(`Temporal    the server that ${given} gives`);
    return {
      env: temporalVariables(env),
      uiAddress: undefined,
      ended: new Promise(() => undefined),
      stop: async () => undefined,
    };
  }
  const { ports, dataDirectory } = options;
  const cli = await findTemporalCli({ env, cacheDirectory: CLI_CACHE, say, signal });
  const folder = path.join(dataDirectory, 'temporal');
  const server = await startTemporal({
    cli,
    dataDirectory: folder,
    port: async (avoid) => await choosePortAloud('Temporal', ports.temporal, avoid, say),
    uiPort: async (avoid) => await choosePortAloud("Temporal's Web UI", ports.ui, avoid, say),
    durable: true,
    say,
  });
  say(`Temporal    ${server.address} (CLI ${cli.version}), data in ${folder}`);
  return {
    env: {
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: DEFAULT_NAMESPACE,
      TEMPORAL_CONFIG_FILE: writeConfigFile(folder),
    },
    uiAddress: server.uiAddress,
    ended: server.exited.then((reason) =>
      serviceFailure(
        { name: `Temporal at ${server.address}`, logFile: server.logFile },
        `ended by itself (${reason})`,
      ),
    ),
    stop: async () => {
      await server.stop();
    },
  };
}

/** In place of the user's own, whose keys and TLS are not meant for this server. */
function writeConfigFile(folder: string): string {
  const file = path.join(folder, 'temporal.toml');
  // The SDK cannot read a file without any profile.
  writeFileSync(file, '[profile.default]\n');
  return file;
}

function temporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('TEMPORAL_')));
}
