import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// V8 lets the space for new objects grow to tens of megabytes while a program loads, and returns little
// of it. A worker creates few objects, so the first size is enough. Set before anything large is
// loaded, which is why the rest is imported below.
setFlagsFromString('--semi-space-growth-factor=1');

// Keeps compiled code for the next start, in the user's own cache folder, since write access to it
// would allow code injection. Does nothing if the folder is not writable. NODE_DISABLE_COMPILE_CACHE=1
// turns it off.
const { HOME, XDG_CACHE_HOME = HOME && `${HOME}/.cache` } = process.env;
if (XDG_CACHE_HOME) enableCompileCache(`${XDG_CACHE_HOME}/session-cleanup`);

// `session-cleanup status | head` closes the pipe early, which is not an error.
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

/** Long enough for the output to reach its reader. Milliseconds. */
const LINGER = 1_000;

// All own resources are closed. The SDK's native core must not keep the process alive if it could not
// start.
setTimeout(() => process.exit(), LINGER).unref();
