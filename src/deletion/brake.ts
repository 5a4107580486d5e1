import type { EntityManager } from '@mikro-orm/postgresql';
import type { BrakeReport } from '../contract.ts';
import { ask, ASKING, withSettings, type LocalSettings } from '../database/transaction.ts';
import type { Doomed } from './doomed.ts';
import { expired } from './expiry.ts';

/** A table this small may well be all expired. */
const SMALLEST_TABLE = 1_000;

/**
 * Looks whether a run would delete `share` of the table or more, the signature of a mistaken unit or
 * column. Undefined: it would not, go on.
 *
 * With a share of 1 it only looks for one row that stays, which the expiry's index finds at once. A
 * smaller share has to be counted, and so costs one reading of the table.
 *
 * @param share - above 0, up to 1: of all rows, the expired ones that set the brake off
 */
export async function checkBrake(
  em: EntityManager,
  doomed: Doomed,
  share: number,
): Promise<BrakeReport | undefined> {
  const { target, bound, deadline } = doomed;
  const { sql, params } = expired(target.expiry, bound, deadline);
  const settings = { ...ASKING, jit: 'off' };
  if (share >= 1 && (await anyStays(em, doomed, settings))) return undefined;
  return await withSettings(em, settings, async (tx) => {
    const [small] = await tx.execute<{ rows: number }[]>(
      `select count(*)::int as rows from (select from ${target.table} limit ?) as beginning`,
      [SMALLEST_TABLE + 1],
    );
    if ((small?.rows ?? 0) <= SMALLEST_TABLE) return undefined;
    const [row] = await tx.execute<{ total: string; expired: string }[]>(
      `select count(*) as total, count(*) filter (where ${sql}) as expired from ${target.table}`,
      [...params],
    );
    const report = { expiredRows: Number(row?.expired ?? 0), totalRows: Number(row?.total ?? 0) };
    return report.expiredRows >= report.totalRows * share ? report : undefined;
  });
}

/** Whether at least one row stays: by the index's far end, or by reading until one is found. */
async function anyStays(
  em: EntityManager,
  { target, bound, deadline }: Doomed,
  settings: LocalSettings,
): Promise<boolean> {
  const { column, sqlType } = target.expiry;
  const { sql, params } = expired(target.expiry, bound, deadline);
  const isIndexed = target.expiryIndexes.length > 0;
  const [row] = await ask<{ stays: boolean }>(
    em,
    { ...settings, ...(isIndexed ? { enable_seqscan: 'off' } : {}) },
    isIndexed
      ? {
          sql: `select coalesce((select max(${column}) from ${target.table}) > ?::${sqlType}, false)
            or exists (select from ${target.table} where ${column} is null) as stays`,
          params: [bound],
        }
      : {
          sql: `select exists (select from ${target.table} where (${sql}) is not true) as stays`,
          params,
        },
  );
  return row?.stays === true;
}
