import { randomInt } from 'node:crypto';

import { countText, numberText } from '../../../src/contract/text.ts';
import { EXPIRED_SHARE } from '../sample-sessions.ts';
import type { RowCounts, Terminal } from '../output.ts';
import type { SessionStore } from './session-store.ts';

/** Fewer than the connections of a pool, which has 10 by default. */
const WRITERS = 8;

const HOUR = 3_600_000;
const LONGEST_LIFE_HOURS = 14 * 24;
const LONGEST_PAST_HOURS = 45 * 24;

/** Has a library fill its table up to `count` sessions, of which the same share has expired as of our own. */
export async function fillStore(
  store: SessionStore,
  existing: RowCounts,
  count: number,
  { log, progress }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const wanted = Math.round(count * EXPIRED_SHARE);
  const expired = Math.max(0, wanted - existing.expired);
  const live = Math.max(0, count - wanted - existing.live);
  const total = expired + live;
  let begun = 0;
  const write = async (): Promise<void> => {
    while (begun < total) {
      signal.throwIfAborted();
      begun += 1;
      progress.show(`Filling     ${numberText(begun)} of ${countText(total, 'session')}`);
      const hours =
        begun <= expired ? -randomInt(1, LONGEST_PAST_HOURS) : randomInt(1, LONGEST_LIFE_HOURS);
      await store.write(new Date(Date.now() + hours * HOUR));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  progress.clear();
  log(
    `Sessions    ${numberText(expired)} expired and ${numberText(live)} live ones written by the library`,
  );
}
