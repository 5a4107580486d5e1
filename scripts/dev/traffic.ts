/** An application at work: people log in, come back, log out, and most of them just leave. */
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { SessionRepository } from '../../src/database/session-repository.ts';
import type { EntityManager } from '@mikro-orm/postgresql';

const TICK_MILLISECONDS = 1_000;
const ARRIVALS_PER_TICK = 3;

/** Short, so that there is always something about to expire. Seconds. */
const SHORTEST_LIFETIME = 5;
const LONGEST_LIFETIME = 120;

/** How many tokens of open sessions the made-up clients remember. */
const REMEMBERED = 200;

/**
 * Lets three sessions a second arrive, which expire within two minutes unless they are renewed, until
 * the signal is given. Resolves then; rejects only when the database fails.
 */
export async function simulateTraffic(em: EntityManager, signal: AbortSignal): Promise<void> {
  const sessions = new SessionRepository(em);
  const tokens: string[] = [];
  while (!signal.aborted) {
    for (let arrival = 0; arrival < ARRIVALS_PER_TICK; arrival += 1) {
      const token = randomBytes(32).toString('base64url');
      await sessions.create({
        userId: `user-${String(randomInt(1, 50_001))}`,
        token,
        lifetimeSeconds: randomInt(SHORTEST_LIFETIME, LONGEST_LIFETIME + 1),
        userAgent: 'session-cleanup development traffic',
        ipAddress: `10.${String(randomInt(256))}.${String(randomInt(256))}.${String(randomInt(256))}`,
      });
      tokens.push(token);
    }
    await comeBack(sessions, tokens);
    if (tokens.length > REMEMBERED) tokens.splice(0, tokens.length - REMEMBERED);
    await sleep(TICK_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}

/** Each second somebody is seen again, and now and then somebody logs out. */
async function comeBack(sessions: SessionRepository, tokens: readonly string[]): Promise<void> {
  const token = tokens[randomInt(tokens.length)];
  if (token === undefined) return;
  if (randomInt(10) === 0) {
    await sessions.revoke(token);
  } else if ((await sessions.findLive(token)) !== null) {
    await sessions.renew(token, LONGEST_LIFETIME);
  }
}
