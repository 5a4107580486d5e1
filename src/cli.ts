import { EXIT } from './commands/exit-code.ts';
import { runProgram } from './commands/program.ts';

// `session-cleanup status | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

/** Long enough for what was written to reach its reader. Milliseconds. */
const LINGER = 1_000;

process.exitCode = await runProgram(process.argv.slice(2), {
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});

// All that is ours is closed. What the SDK's native core leaves behind where it could not start must
// not keep a process alive that is done.
setTimeout(() => process.exit(), LINGER).unref();
