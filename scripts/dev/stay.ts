/** What the development environment does after the first run, until it is stopped. */
import { randomBytes, randomInt } from 'node:crypto';
import { setInterval, setTimeout as sleep } from 'node:timers/promises';

import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';

import { numberText, timeText } from '../../src/contract/text.ts';
import type { ProgressLine } from '../../src/cli/rendering/terminal.ts';
import type { Config } from '../../src/config/config.ts';
import { SessionRepository } from '../../src/database/session-repository.ts';
import { listRecentRuns, type RecentRun } from '../../src/runs/recent-runs.ts';
import { countRows, currentSecond } from './first-run.ts';
import type { SessionStore } from './stores/session-store.ts';

const POLL_MILLISECONDS = 2_000;
const COUNT_MILLISECONDS = 6_000;
const RECENT_RUNS = 5;

const LOGINS_PER_SECOND = 3;

/** Short, so that there is always a session about to expire. Seconds. */
const SHORTEST_LIFETIME = 5;
const LONGEST_LIFETIME = 120;

/** Number of sessions whose ids are remembered. */
const REMEMBERED = 200;

/** Reports each run that ends from now on, until the signal aborts it. */
export async function reportRuns(
  client: Client,
  log: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reported = new Set((await endedRuns(client)).map(({ runId }) => runId));
  for await (const _ of setInterval(POLL_MILLISECONDS, undefined, { signal })) {
    for (const run of (await endedRuns(client)).toReversed()) {
      if (!reported.has(run.runId)) log(describeRun(run));
      reported.add(run.runId);
    }
  }
}

/** Keeps a line with the current row counts up to date, until the signal aborts it. */
export async function showCounts(
  orm: MikroORM,
  config: Config,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { live, expired } = await countRows(orm, config, await currentSecond(orm));
    signal.throwIfAborted();
    line.show(
      `Sessions    ${numberText(live)} live, ${numberText(expired)} expired   (Ctrl-C stops everything)`,
    );
    // Between counts, since counting a large table takes longer than this.
    await sleep(COUNT_MILLISECONDS, undefined, { signal });
  }
}

/**
 * Simulates users: creates three sessions a second, which expire within two minutes unless they are renewed, until the
 * signal aborts it or the database fails.
 */
export async function simulateTraffic(
  store: Pick<SessionStore, 'write' | 'accepts'>,
  signal: AbortSignal,
): Promise<void> {
  const sessions: string[] = [];
  for await (const _ of setInterval(1_000, undefined, { signal })) {
    for (let login = 0; login < LOGINS_PER_SECOND; login += 1) {
      const lifetimeSeconds = randomInt(SHORTEST_LIFETIME, LONGEST_LIFETIME + 1);
      sessions.push(await store.write(new Date(Date.now() + lifetimeSeconds * 1_000)));
    }
    await store.accepts(sessions[randomInt(sessions.length)] ?? '');
    sessions.splice(0, sessions.length - REMEMBERED);
  }
}

/** Our own table as an application uses it. One user in ten who comes back logs out, and the others renew their session. */
export function ownSessions(em: EntityManager): Pick<SessionStore, 'write' | 'accepts'> {
  const sessions = new SessionRepository(em);
  return {
    write: async (expires) => {
      const token = randomBytes(32).toString('base64url');
      await sessions.create({
        userId: `user-${String(randomInt(1, 50_001))}`,
        token,
        lifetimeSeconds: Math.round((expires.getTime() - Date.now()) / 1_000),
        userAgent: 'session-cleanup development traffic',
        ipAddress: `10.${String(randomInt(256))}.${String(randomInt(256))}.${String(randomInt(256))}`,
      });
      return token;
    },
    accepts: async (token) => {
      if (randomInt(10) === 0) return await sessions.revoke(token);
      const live = (await sessions.findLive(token)) !== null;
      return live && (await sessions.renew(token, LONGEST_LIFETIME));
    },
  };
}

async function endedRuns(client: Client): Promise<readonly RecentRun[]> {
  return (await listRecentRuns(client, RECENT_RUNS)).filter(({ state }) => state !== 'running');
}

function describeRun(run: RecentRun): string {
  const count = run.deletedCount === null ? '' : `: ${numberText(run.deletedCount)} deleted`;
  const why = run.failure === null ? '' : ` (${run.failure})`;
  return `Run         ${timeText(run.startedAt)} ${run.state}${count}${why}   ${run.workflowId}`;
}
