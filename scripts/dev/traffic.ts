/** Simulated users: they log in, come back, log out, and most of them just leave. */
import { randomBytes, randomInt } from 'node:crypto';
import { setInterval } from 'node:timers/promises';

import type { EntityManager } from '@mikro-orm/postgresql';

import { SessionRepository } from '../../src/database/session-repository.ts';

const LOGINS_PER_SECOND = 3;

/** Short, so that there is always a session about to expire. Seconds. */
const SHORTEST_LIFETIME = 5;
const LONGEST_LIFETIME = 120;

/** Number of open sessions whose tokens are remembered. */
const REMEMBERED = 200;

/**
 * Creates three sessions a second, which expire within two minutes unless they are renewed, until the
 * signal aborts it or the database fails.
 */
export async function simulateTraffic(em: EntityManager, signal: AbortSignal): Promise<void> {
  const sessions = new SessionRepository(em);
  const tokens: string[] = [];
  for await (const _ of setInterval(1_000, undefined, { signal })) {
    for (let login = 0; login < LOGINS_PER_SECOND; login += 1) {
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
    await comeBack(sessions, tokens[randomInt(tokens.length)] ?? '');
    tokens.splice(0, tokens.length - REMEMBERED);
  }
}

/** One user in ten who comes back logs out. */
async function comeBack(sessions: SessionRepository, token: string): Promise<void> {
  if (randomInt(10) === 0) {
    await sessions.revoke(token);
  } else if ((await sessions.findLive(token)) !== null) {
    await sessions.renew(token, LONGEST_LIFETIME);
  }
}
