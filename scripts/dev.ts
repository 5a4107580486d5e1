/** `npm run dev`: a whole session-cleanup on this machine. See `npm run dev -- --help`. */
import { CommanderError } from 'commander';

import { EXIT, reportError } from '../src/cli/errors.ts';
import { parseDevOptions } from './dev/options.ts';
import { toOnceResult } from './dev/report.ts';
import { runDevelopment } from './dev/run-development.ts';
import { INTERRUPTED, listenForStop, StopRequested } from './services/stop-request.ts';
import { openTerminal } from './dev/terminal.ts';

async function main(args: readonly string[]): Promise<number> {
  const stop = listenForStop();
  const terminal = openTerminal(process.stdout);
  let isOnce = false;
  try {
    const options = parseDevOptions(args);
    isOnce = options.once;
    const first = await runDevelopment(options, { env: process.env, terminal, stop });
    // Without a run there is no result to tell.
    if (first === undefined) return EXIT.failed;
    terminal.say(JSON.stringify(toOnceResult(first)));
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (error instanceof StopRequested) return isOnce ? INTERRUPTED : EXIT.done;
    const { exitCode, message } = reportError(error);
    process.stderr.write(`${message}\n`);
    return exitCode;
  }
}

// All that was started has ended; what is left is a connection, and attempts at calls on it.
process.exit(await main(process.argv.slice(2)));
