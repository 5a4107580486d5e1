import type { MikroORM } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import type { SentinelRows, Way } from '../contract/slice.ts';
import { chooseWay } from './route.ts';
import { countExpired } from '../targets/count-rows.ts';
import { expiredRowsOf } from '../targets/expired-rows.ts';
import { inspectTarget } from '../targets/target.ts';

/** What a run would do to one target now. */
export interface Preview {
  readonly target: string;
  /** Rows that had expired by this instant; ISO 8601, UTC. */
  readonly deadline: string;
  readonly eligibleRows: number;
  /** Expiry of the oldest of them, as PostgreSQL writes it; null when there is none. */
  readonly oldest: string | null;
  readonly way: Way;
  /** Tables whose rows that refer to them go first; these are not counted. Left out: none. */
  readonly dependents?: readonly string[];
  /** Rough: from the rates below, which a busy server will not reach. */
  readonly estimatedSeconds: number;
  /** Rows whose expiry is NULL, and which never expire. Left out: none. */
  readonly noExpiryCount?: number;
  /** Rows whose expiry cannot be read, and which never expire. Left out: none. */
  readonly unreadableCount?: number;
  /** Rows at values that often mean "never". Left out: none. */
  readonly sentinels?: readonly SentinelRows[];
  /** True when counting took too long, and the numbers are projected from a sample. */
  readonly isEstimate?: true;
}

/**
 * Rows a second that a run deletes, on a small machine with 2 cores and a warm cache; see
 * docs/benchmarks.md. Good enough to distinguish seconds from hours.
 */
const ROWS_PER_SECOND: Readonly<Record<Way, number>> = { sweep: 300_000, drain: 100_000 };

/**
 * Tells what a run would delete, by the very condition that the deletion uses, and writes nothing.
 * It counts the rows: by the expiry's index, or by reading the table. What takes longer than half a minute is
 * estimated from a sample of the table.
 *
 * @param cutoff - ISO 8601; the database's present when left out
 * @throws as `deleteSlice`
 */
export async function previewTarget(
  orm: MikroORM,
  config: TargetConfig,
  cutoff?: string,
  configured: readonly TargetConfig[] = [],
  timeoutMilliseconds = 30_000,
): Promise<Preview> {
  const em = orm.em.fork();
  const target = await inspectTarget(em, config, configured);
  const expired = await expiredRowsOf(em, target, { cutoff });
  const { way } = await chooseWay(em, expired);
  const dependents = target.children.dependents.map(({ quotedTable }) => quotedTable);
  const counts = await countExpired(em, expired, timeoutMilliseconds);
  const { expiredRows, oldest, nullRows, unreadableRows, sentinels, isEstimate } = counts;
  return {
    target: target.name,
    deadline: expired.deadline,
    eligibleRows: expiredRows,
    oldest,
    way,
    ...(dependents.length === 0 ? {} : { dependents }),
    estimatedSeconds: Math.round((expiredRows / ROWS_PER_SECOND[way]) * 10) / 10,
    ...(nullRows === 0 ? {} : { noExpiryCount: nullRows }),
    ...(unreadableRows === 0 ? {} : { unreadableCount: unreadableRows }),
    ...(sentinels.length === 0 ? {} : { sentinels }),
    ...(isEstimate ? { isEstimate } : {}),
  };
}
