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

const POLL_MILLISECONDS = 2_000;
const COUNT_MILLISECONDS = 6_000;
const RECENT_RUNS = 5;

const LOGINS_PER_SECOND = 3;

/** Short, so that there is always a session about to expire. Seconds. */
const SHORTEST_LIFETIME = 5;
const LONGEST_LIFETIME = 120;

/** Number of open sessions whose tokens are remembered. */
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

async function endedRuns(client: Client): Promise<readonly RecentRun[]> {
  return (await listRecentRuns(client, RECENT_RUNS)).filter(({ state }) => state !== 'running');
}

function describeRun(run: RecentRun): string {
  const count = run.deletedCount === null ? '' : `: ${numberText(run.deletedCount)} deleted`;
  const why = run.failure === null ? '' : ` (${run.failure})`;
  return `Run         ${timeText(run.startedAt)} ${run.state}${count}${why}   ${run.workflowId}`;
}

/** One user in ten who comes back logs out. */
async function comeBack(sessions: SessionRepository, token: string): Promise<void> {
  if (randomInt(10) === 0) {
    await sessions.revoke(token);
  } else if ((await sessions.findLive(token)) !== null) {
    await sessions.renew(token, LONGEST_LIFETIME);
  }
}
