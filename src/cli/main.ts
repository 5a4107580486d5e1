import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// V8 lets the space for new objects grow to tens of megabytes while a program loads, and hardly gives
// any of it back. A worker makes few objects in hours; at its first size that space serves it as well.
// Said before anything large is loaded, which is why the rest is imported below.
setFlagsFromString('--semi-space-growth-factor=1');

// Keeps compiled code for the next start, below the user's own folder of caches, since whoever can write
// there could slip in code. Where nothing can be written it does nothing. NODE_DISABLE_COMPILE_CACHE=1
// turns it off.
const { HOME, XDG_CACHE_HOME = HOME && `${HOME}/.cache` } = process.env;
if (XDG_CACHE_HOME) enableCompileCache(`${XDG_CACHE_HOME}/session-cleanup`);

// `session-cleanup status | head` closes the pipe early; that is no error.
const { EXIT } = await import('./errors.ts');
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv.slice(2), {
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});

/** Long enough for what was written to reach its reader. Milliseconds. */
const LINGER = 1_000;

// All that is ours is closed. What the SDK's native core leaves behind where it could not start must
// not keep a process alive that is done.
setTimeout(() => process.exit(), LINGER).unref();
