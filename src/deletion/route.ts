import type { EntityManager } from '@mikro-orm/postgresql';
import type { ResumePoint, Way } from '../contract/slice.ts';
import type { SqlFragment } from '../database/sql.ts';
import { ASKING, type LocalSettings, ask, isTimeout } from '../database/transaction.ts';
import { type ExpiredRows, isExpired } from '../targets/expired-rows.ts';

/**
 * A range of the way through a table. Sweep: tuple addresses, from inclusive to exclusive. Drain:
 * expiries as text, from exclusive (empty: from the lowest) to inclusive.
 */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** A range that has been cut off. */
export interface Piece extends Range {
  /** True when it is known to hold no more than one expired row. */
  readonly isSingle?: boolean;
}

/** Bounds of a chunk's size, in the unit of its way: blocks for the sweep, rows for the drain. */
export interface ChunkBounds {
  readonly initial: number;
  readonly smallest: number;
  readonly largest: number;
}

/** How one way goes through a table, chunk by chunk. */
export interface Route {
  readonly way: Way;
  /** OID of the partition that it goes through, where that is a part of the target. */
  readonly leaf: string | undefined;
  /** Where a run that finds nothing in the ledger begins. */
  readonly start: string;
  /** Where the way ends, if it is known beforehand. */
  readonly end: string | undefined;
  readonly bounds: ChunkBounds;
  /** Planner settings for questions along this way. Never for a deletion: triggers and cascades would run under them. */
  readonly settings: LocalSettings;
  /**
   * The next range of about `size` after `from`; null when none is left. `indivisible`: more than `mostRows`
   * share one expiry.
   */
  cut(
    em: EntityManager,
    from: string,
    size: number,
    mostRows?: number,
  ): Promise<Piece | 'indivisible' | null>;
  /** The part of a range that a chunk of `size` takes; null: all of it, or unknown. */
  head(em: EntityManager, range: Range, size: number): Promise<Piece | null>;
  /** Divides a range in two. `single`: it holds one row; null: more rows, of one expiry. */
  divide(em: EntityManager, range: Range): Promise<readonly Piece[] | 'single' | null>;
  /** Length of a range in the unit of a chunk's size; undefined: unknown. */
  lengthOf(range: Range): number | undefined;
  /** The size of a chunk that deletes no more than so many rows, by the statistics; at least 1. */
  sizeOf(rows: number): number;
  /** The most rows that a chunk of `size` deletes, by the statistics. */
  rowsIn(size: number): number;
  /** Condition for the rows of a range, to be joined with the one for expiry. */
  within(range: Range): SqlFragment;
  /** How much lies after `from`, in the unit of a chunk's size; undefined: unknown. */
  remaining(from: string): number | undefined;
  /** Whether the table has been rewritten since, so that positions on this route are invalid. */
  isOutdated(em: EntityManager): Promise<boolean>;
  /** Share of the way before `position`, 0 to 1; undefined: unknown. */
  fraction(position: string): number | undefined;
}

/** A position as the ledger and the next slice take it. */
export function positionOn(
  { way, end, leaf }: Route,
  position: string,
): Omit<ResumePoint, 'deadline'> {
  return {
    way,
    position,
    ...(end === undefined ? {} : { end }),
    ...(leaf === undefined ? {} : { leaf }),
  };
}

/** The part of `EXPLAIN (format json)` that matters here. */
interface PlanNode {
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly Schema?: string;
  readonly 'Plan Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** One plan of that answer. */
interface Explained {
  readonly Plan: PlanNode;
  /** Settings of the planner that are not as PostgreSQL comes. */
  readonly Settings?: Readonly<Record<string, string>>;
}

/** The way to take, and how many rows the planner expects to be deleted. */
export interface Choice {
  readonly way: Way;
  readonly estimatedRows: number;
}

/**
 * From this share of the table on, the sweep is the faster one even where the planner prefers the
 * index: it does so for rows that lie in the order of their expiry, however many go, since for one
 * statement that saves reading the rest. A drain asks for the end of each range and fetches row by
 * row besides, and that costs more than the reading; see docs/benchmarks.md for the figures.
 */
const SWEEP_FROM_SHARE = 0.25;

/** Fewer rows than this are drained, whatever share of the table they are. */
const SMALLEST_BACKLOG = 10_000;

/**
 * Asks PostgreSQL's own planner how it would delete the expired rows: by the expiry's index, then
 * drain, unless it is a good part of the table; by reading the table, then sweep. It weighs the
 * statistics, the order in which rows lie on disk and the server's cost settings better than a rule
 * of ours could. Without an index, and for text, only the sweep can work.
 */
export async function chooseWay(em: EntityManager, expired: ExpiredRows): Promise<Choice> {
  try {
    return await askPlanner(em, expired);
  } catch (error) {
    // The planner looks for the ends of the index, which may lie behind very many dead entries.
    if (isTimeout(error)) return { way: 'sweep', estimatedRows: 0 };
    throw error;
  }
}

async function askPlanner(em: EntityManager, expired: ExpiredRows): Promise<Choice> {
  const { target } = expired;
  const { sql, params } = isExpired(expired);
  const settings = ASKING;
  const deletion = await explain(em, settings, {
    sql: `delete from ${target.quotedTable} where ${sql}`,
    params,
  });
  const nodes = flatten(deletion.Plan);
  const estimatedRows = mostRows(nodes);
  const usesIndex = nodes.some((node) => {
    const index = node['Index Name'];
    return index !== undefined && target.expiryIndexes.includes(index);
  });
  if (!usesIndex) return { way: 'sweep', estimatedRows };
  const isBacklog =
    estimatedRows >= SMALLEST_BACKLOG &&
    // A role or database that disables sequential scans does so for a reason.
    deletion.Settings?.['enable_seqscan'] !== 'off' &&
    estimatedRows >= SWEEP_FROM_SHARE * (await estimateAll(em, settings, target.quotedTable));
  return { way: isBacklog ? 'sweep' : 'drain', estimatedRows };
}

async function estimateAll(
  em: EntityManager,
  settings: LocalSettings,
  table: string,
): Promise<number> {
  const all = await explain(em, settings, { sql: `select from ${table}`, params: [] });
  return mostRows(flatten(all.Plan));
}

/** The nodes of a statement's plan that read a table. */
export async function explainScans(
  em: EntityManager,
  settings: LocalSettings,
  statement: SqlFragment,
): Promise<readonly PlanNode[]> {
  const { Plan: plan } = await explain(em, settings, statement);
  return flatten(plan).filter((node) => node['Relation Name'] !== undefined);
}

async function explain(
  em: EntityManager,
  settings: LocalSettings,
  { sql, params }: SqlFragment,
): Promise<Explained> {
  const [row] = await ask<{ 'QUERY PLAN': readonly Explained[] }>(em, settings, {
    sql: `explain (settings, verbose, format json) ${sql}`,
    params,
  });
  const explained = row?.['QUERY PLAN'][0];
  if (explained === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return explained;
}

function mostRows(nodes: readonly PlanNode[]): number {
  return Math.max(0, ...nodes.map((node) => node['Plan Rows'] ?? 0));
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
