/** `npm run dev`: a whole session-cleanup on this machine. See `npm run dev -- --help`. */
import { realpathSync } from 'node:fs';
import os from 'node:os';

import { EXIT } from '../src/cli/errors.ts';
import { parseDevOptions } from './dev/options.ts';
import { toOnceResult } from './dev/report.ts';
import { runDevelopment } from './dev/run-development.ts';
import { openTerminal } from './dev/terminal.ts';
import { runScript } from './options.ts';
import { explainFullDisk } from './services/full-disk.ts';
import { listenForStop, StopRequested } from './services/stop-request.ts';

await runScript(async () => {
  const stop = listenForStop();
  const terminal = openTerminal(process.stdout);
  const options = parseDevOptions(process.argv.slice(2));
  try {
    const first = await runDevelopment(options, { env: process.env, terminal, stop });
    // Without a run there is no result.
    if (first === undefined) process.exitCode = EXIT.failed;
    else terminal.say(JSON.stringify(toOnceResult(first)));
  } catch (error) {
    // This is how an environment that stays is ended.
    if (error instanceof StopRequested && !options.once) return;
    throw explainFullDisk(
      error,
      // PostgreSQL's programs and data are in the second one where its account may not enter the first.
      [options.dataDirectory, realpathSync(os.tmpdir())],
      'Free space there, or name another folder by --data (by TMPDIR, if this is the temporary folder).',
    );
  }
});

// All that was started has ended; what is left is a connection, and attempts at calls on it.
process.exit();
