import { setTimeout as delay } from 'node:timers/promises';

import { isTemporalDown } from './connection.ts';

/** Time before the next attempt; doubles from the first to the longest. Milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/**
 * Attempts something again and again while Temporal cannot be reached.
 *
 * @param onDown - Called after each attempt that failed so.
 * @param stop - Ends the waiting, and does not wait for the attempt in hand.
 * @returns undefined when `stop` was aborted first
 * @throws any other error of the attempt
 */
export async function repeatWhileDown<Answer>(
  attempt: () => Promise<Answer>,
  onDown: (error: unknown) => void,
  stop: AbortSignal,
): Promise<Answer | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  for (let wait = FIRST_WAIT; !stop.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return await Promise.race([attempt(), stopped]);
    } catch (error) {
      if (!isTemporalDown(error)) throw error;
      onDown(error);
    }
    await delay(wait, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}
