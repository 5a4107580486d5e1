import type { EntityManager } from '@mikro-orm/postgresql';
import type { Way } from '../contract.ts';
import { ASKING, withSettings } from '../database/transaction.ts';
import type { Doomed } from './doomed.ts';
import { expired, expirySettings } from './expiry.ts';

/** The part of `EXPLAIN (format json)` that matters here. */
interface PlanNode {
  readonly 'Index Name'?: string;
  readonly 'Plan Rows'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The way to take, and how many rows the planner expects to be deleted. */
export interface Choice {
  readonly way: Way;
  readonly estimatedRows: number;
}

/**
 * Asks PostgreSQL's own planner how it would delete the expired rows: by the expiry's index, then
 * drain; by reading the table, then sweep. It weighs the statistics, the order in which rows lie on
 * disk and the server's cost settings better than a rule of ours could. Without an index, and for
 * text, only the sweep can work.
 */
export async function chooseWay(em: EntityManager, doomed: Doomed): Promise<Choice> {
  const { target, bound, deadline } = doomed;
  const { sql, params } = expired(target.expiry, bound, deadline);
  const rows = await withSettings(em, { ...ASKING, ...expirySettings(target.expiry) }, (tx) =>
    tx.execute<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }[]>(
      `explain (format json) delete from ${target.table} where ${sql}`,
      [...params],
    ),
  );
  const nodes = flatten(rows[0]?.['QUERY PLAN'][0]?.Plan);
  const usesIndex = nodes.some((node) => {
    const index = node['Index Name'];
    return index !== undefined && target.expiryIndexes.includes(index);
  });
  return {
    way: usesIndex ? 'drain' : 'sweep',
    estimatedRows: Math.max(0, ...nodes.map((node) => node['Plan Rows'] ?? 0)),
  };
}

function flatten(node: PlanNode | undefined): readonly PlanNode[] {
  return node === undefined ? [] : [node, ...(node.Plans ?? []).flatMap(flatten)];
}
