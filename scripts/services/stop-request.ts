/** Ctrl-C and its like, as an abort signal. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Exit code of a program that was interrupted, as shells have it. */
export const INTERRUPTED = 130;

/** The reason of the abort: somebody wants the command to end. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';

  constructor(signal: NodeJS.Signals) {
    super(`Stopped by ${signal}.`);
  }
}

/** Time in which the end of a server, a child of ours, is reported to us. */
const END_SHOWS_WITHIN_MILLISECONDS = 500;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Aborts on the first of these signals, and when nobody reads the output any more. Further ones change
 * nothing: npm passes on to us what the terminal has sent us already, and all that still has to be ended is
 * ended within seconds.
 */
export function listenForStop(): AbortController {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      controller.abort(new StopRequested(signal));
    });
  }
  // The terminal was closed, or the reader of our output has left: everything still has to be ended.
  process.stdout.on('error', () => {
    controller.abort(new StopRequested('SIGPIPE'));
  });
  return controller;
}

/**
 * Waits for some work, but not after the stop: then it throws the reason at once, and whatever comes of
 * the work is ignored.
 */
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
    // When a server ends, whoever talks to it may fail before its end is known, which explains more.
    if (!signal.aborted) await Promise.race([sleep(END_SHOWS_WITHIN_MILLISECONDS), stopped]);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => undefined);
    stopped.catch(() => undefined);
  }
}
