import type { EntityManager } from '@mikro-orm/postgresql';
import type { Way } from '../contract/slice.ts';
import { quoteTable } from '../database/sql.ts';
import { ask, ASKING, sqlState } from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';
import type { Leaf } from '../targets/partitions.ts';
import type { Target } from '../targets/target.ts';
import { findKeptBy, type SliceWork } from './chunk.ts';
import { forgetRemaining, runPasses, type PassEnd, type StartPosition } from './pass.ts';
import { settled } from './remaining-rows.ts';
import { chooseWay, explainScans, positionOn } from './route.ts';

/** How the work on a target ended. */
export interface TargetEnd {
  /** Sweep, if any of its partitions was swept. */
  readonly way: Way;
  /** Undefined: everything has been visited. */
  readonly stopped?: {
    readonly pass: PassEnd;
    readonly work: SliceWork;
    /** Expired rows of the partitions that come after, by the statistics. */
    readonly rowsAfter: number;
  };
}

/** A leaf partition that may hold expired rows. */
interface LeafWork {
  readonly target: Target;
  readonly blocks: number;
  /** Expired ones, by the statistics. */
  readonly rows: number;
}

/** Errors of a statement about a table that has just been dropped: it is not found by its name, or by its OID. */
const GONE = new Set(['42P01', 'XX000']);

/**
 * Cleans the leaf partitions of a target one after another, each by its own way. Rows that stay are final once their
 * partition is done. A partition that is detached or dropped meanwhile is left where it is; one that is attached is
 * cleaned by a later slice or run.
 *
 * @param from - where an earlier attempt or slice stopped
 */
export async function runLeaves(
  work: SliceWork,
  from: StartPosition | undefined,
): Promise<TargetEnd> {
  const { em, expired, throttle, ledger, checkpoints } = work;
  const leaves = await throttle.ask(() => leavesOf(em, expired));
  const blocks = leaves.reduce((sum, leaf) => sum + leaf.blocks, 0);
  if (from !== undefined && leaves.every(({ target }) => target.oid !== from.leaf)) {
    await forgetRemaining(work, from.leaf);
  }
  let way: Way = 'drain';
  let blocksBefore = 0;
  for (const [index, leaf] of leaves.entries()) {
    const { target } = leaf;
    if (from === undefined || Number(target.oid) >= Number(from.leaf)) {
      const fraction = (share = 0): number => (blocksBefore + leaf.blocks * share) / blocks;
      const leafWork: SliceWork = {
        ...work,
        expired: { ...expired, target },
        onChunk: (route, position) =>
          work.onChunk({ ...route, fraction: (at) => fraction(route.fraction(at)) }, position),
      };
      const pass = await runLeaf(leafWork, target.oid === from?.leaf ? from : undefined);
      if (pass?.route.way === 'sweep') way = 'sweep';
      if (pass?.end.kind === 'stopped') {
        const rowsAfter = leaves.slice(index + 1).reduce((sum, { rows }) => sum + rows, 0);
        return { way, stopped: { pass, work: leafWork, rowsAfter } };
      }
      await (pass === undefined
        ? forgetRemaining(work, target.oid)
        : ledger.changeRemaining(checkpoints, positionOn(pass.route, pass.end.position), settled));
    }
    blocksBefore += leaf.blocks;
  }
  return { way };
}

/** Undefined: the partition has been detached or dropped. */
async function runLeaf(
  work: SliceWork,
  from: StartPosition | undefined,
): Promise<PassEnd | undefined> {
  const { em, expired, throttle } = work;
  throttle.watch(expired.target);
  try {
    const keptBy = await findKeptBy(em, expired.target);
    const start = from ?? (await throttle.ask(() => chooseWay(em, expired)));
    return await runPasses({ ...work, keptBy }, start);
  } catch (error) {
    if (!GONE.has(sqlState(error) ?? '') || (await isAttached(em, expired.target))) throw error;
    return undefined;
  }
}

/**
 * The partitions that may hold expired rows, in the order of their OIDs: PostgreSQL's planner leaves those out whose
 * bounds lie after the deadline. Locks none of these.
 */
async function leavesOf(em: EntityManager, expired: ExpiredRows): Promise<readonly LeafWork[]> {
  const { target } = expired;
  const { sql, params } = isExpired(expired);
  const settings = {
    ...ASKING,
    enable_partition_pruning: 'on',
    // A node of a parallel plan shows the rows of one process.
    max_parallel_workers_per_gather: '0',
  };
  const scans = await explainScans(em, settings, {
    sql: `select from ${target.quotedTable} where ${sql}`,
    params,
  });
  const rowsOf = new Map(
    scans.map((scan) => [
      JSON.stringify([scan.Schema, scan['Relation Name']]),
      scan['Plan Rows'] ?? 0,
    ]),
  );
  const found = (target.leaves ?? []).flatMap((leaf) => {
    const rows = rowsOf.get(JSON.stringify([leaf.schema, leaf.table]));
    return rows === undefined ? [] : [{ target: targetOfLeaf(target, leaf), rows }];
  });
  const lengths = await ask<{ oid: string; blocks: number }>(em, ASKING, {
    sql: `select oid::text as oid, (pg_relation_size(oid) / current_setting('block_size')::int8)::float8 as blocks
      from jsonb_array_elements_text(?::jsonb) relation (name), cast(name as oid) oid`,
    params: [JSON.stringify(found.map((leaf) => leaf.target.oid))],
  });
  const blocksOf = new Map(lengths.map(({ oid, blocks }) => [oid, blocks]));
  return found.flatMap((leaf) => {
    // Null: it has been dropped meanwhile.
    const blocks = blocksOf.get(leaf.target.oid) ?? 0;
    return blocks === 0 ? [] : [{ ...leaf, blocks }];
  });
}

/** A partitioned target's leaf partition as a target that is cleaned like any other table. */
function targetOfLeaf(parent: Target, leaf: Leaf): Target {
  const { oid, isDirect, indexes, keys } = leaf;
  return {
    ...parent,
    oid,
    parent: { oid: parent.oid, isNamed: !isDirect, keys },
    leaves: undefined,
    quotedTable: isDirect ? quoteTable(leaf) : parent.quotedTable,
    expiryIndexes: parent.canUseIndex ? indexes : [],
    where: [
      ...parent.where,
      ...(isDirect
        ? []
        : [{ sql: 'tableoid operator(pg_catalog.=) ?::pg_catalog.oid', params: [oid] }]),
      // Evaluated once per statement: nothing is deleted from a table that has been detached.
      {
        sql:
          'exists (select from pg_catalog.pg_partition_ancestors(?::pg_catalog.regclass) as ancestors ' +
          'where ancestors.relid operator(pg_catalog.=) ?::pg_catalog.oid)',
        params: [oid, parent.oid],
      },
    ],
  };
}

/** Whether the partition still belongs to its parent, at any level. */
async function isAttached(em: EntityManager, { oid, parent }: Target): Promise<boolean> {
  const rows = await ask(
    em,
    {},
    {
      sql: 'select from pg_partition_ancestors(?::regclass) as ancestors where ancestors.relid = ?::oid',
      params: [oid, parent?.oid ?? oid],
    },
  );
  return rows.length > 0;
}
