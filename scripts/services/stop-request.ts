/** Ctrl-C and other requests to stop, as an abort signal. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Exit code of an interrupted program, by the convention of shells. */
export const INTERRUPTED = 130;

export class StopRequested extends Error {
  override readonly name = 'StopRequested';

  constructor(signal: NodeJS.Signals) {
    super(`Stopped by ${signal}.`);
  }
}

/** Time within which the exit of a child process is reported. */
const END_SHOWS_WITHIN_MILLISECONDS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Aborts on the first of these signals, and when the output is closed. Further signals do nothing, since
 * npm forwards the signal that the terminal has already sent to this process.
 */
export function listenForStop(): AbortController {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      controller.abort(new StopRequested(signal));
    });
  }
  process.stdout.on('error', () => {
    controller.abort(new StopRequested('SIGPIPE'));
  });
  return controller;
}

/** Waits for work; once the signal is aborted, throws its reason at once and ignores the work's outcome. */
export async function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, stopped]);
  } catch (error) {
    // A server's clients may fail before its exit is reported, which is the better explanation.
    if (!signal.aborted) await Promise.race([sleep(END_SHOWS_WITHIN_MILLISECONDS), stopped]);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
    stopped.catch(() => undefined);
  }
}
