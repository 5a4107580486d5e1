import type { EntityManager } from '@mikro-orm/postgresql';
import type { Way } from '../contract/slice.ts';
import type { SqlFragment } from '../database/sql-fragment.ts';
import { ask, ASKING, isTimeout, type LocalSettings } from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';

/** The part of `EXPLAIN (format json)` that matters here. */
interface PlanNode {
  readonly 'Index Name'?: string;
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
 * statement that saves reading the rest. A drain asks for the end of each stretch and fetches row by
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
export async function chooseWay(em: EntityManager, doomed: ExpiredRows): Promise<Choice> {
  try {
    return await askPlanner(em, doomed);
  } catch (error) {
    // The planner looks for the ends of the index, which may lie behind very many dead entries.
    if (isTimeout(error)) return { way: 'sweep', estimatedRows: 0 };
    throw error;
  }
}

async function askPlanner(em: EntityManager, doomed: ExpiredRows): Promise<Choice> {
  const { target } = doomed;
  const { sql, params } = isExpired(doomed);
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
    // Whoever forbids reading whole tables has a reason.
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

async function explain(
  em: EntityManager,
  settings: LocalSettings,
  { sql, params }: SqlFragment,
): Promise<Explained> {
  const [row] = await ask<{ 'QUERY PLAN': readonly Explained[] }>(em, settings, {
    sql: `explain (settings, format json) ${sql}`,
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
