import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { DeletionSettings, TargetConfig } from '../config/config.ts';
import type { Way } from '../contract.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { chooseWay } from './choose-way.ts';
import { doomedBy, type Doomed } from './doomed.ts';
import { asInstant, expired } from './expiry.ts';
import { inspectTarget } from './target.ts';

/** What a run would do to one target now. */
export interface Preview {
  readonly target: string;
  /** Rows that had expired by this instant; ISO 8601, UTC. */
  readonly deadline: string;
  readonly eligibleRows: number;
  /** Expiry of the oldest of them, as PostgreSQL writes it; null when there is none. */
  readonly oldest: string | null;
  readonly way: Way;
  /** Rough: from the rates below, which a busy server will not reach. */
  readonly estimatedSeconds: number;
}

/**
 * Rows a second that a run deletes, on a small machine with 2 cores and a warm cache; see
 * docs/benchmarks.md. Good enough to tell seconds from hours.
 */
const ROWS_PER_SECOND: Readonly<Record<Way, number>> = { sweep: 300_000, drain: 100_000 };

/**
 * Tells what a run would delete, by the very condition that the deletion uses, and writes nothing.
 * It counts the rows, so on a large table it takes about as long as reading it.
 *
 * @param cutoff - ISO 8601; the database's present when left out
 * @throws as `deleteSlice`
 */
export async function previewTarget(
  orm: MikroORM,
  config: TargetConfig,
  settings: DeletionSettings,
  cutoff?: string,
  configured: readonly TargetConfig[] = [],
): Promise<Preview> {
  const em = orm.em.fork();
  const target = await inspectTarget(em, config, configured);
  const doomed = await doomedBy(em, target, { cutoff, graceSeconds: settings.graceSeconds });
  const { way } = await chooseWay(em, doomed);
  const { count, oldest } = await countEligible(em, doomed);
  return {
    target: target.name,
    deadline: doomed.deadline,
    eligibleRows: count,
    oldest,
    way,
    estimatedSeconds: Math.round((count / ROWS_PER_SECOND[way]) * 10) / 10,
  };
}

async function countEligible(
  em: EntityManager,
  doomed: Doomed,
): Promise<{ readonly count: number; readonly oldest: string | null }> {
  const { target, bound, deadline } = doomed;
  const { sql, params } = expired(target.expiry, bound, deadline);
  // TimeZone only matters for text without a zone; the answer itself is always given in UTC.
  const settings = { ...ASKING, jit: 'off' };
  const rows = await ask<{ count: string; oldest: string | null }>(em, settings, {
    sql: `select count(*) as count, to_jsonb(min(${asInstant(target.expiry)}) at time zone 'UTC') #>> '{}' as oldest
       from ${target.table} where ${sql}`,
    params,
  });
  const oldest = rows[0]?.oldest ?? null;
  return {
    count: Number(rows[0]?.count ?? 0),
    oldest: oldest === null || oldest.includes('infinity') ? oldest : `${oldest}Z`,
  };
}
