import type { EntityManager } from '@mikro-orm/postgresql';
import type { BrakeReport } from '../contract.ts';
import { ASKING, withSettings } from '../database/transaction.ts';
import type { Doomed } from './doomed.ts';
import { expired, expirySettings } from './expiry.ts';

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
  const settings = { ...ASKING, ...expirySettings(target.expiry), jit: 'off' };
  return await withSettings(em, settings, async (tx) => {
    if (share >= 1 && (await anyStays(tx, doomed))) return undefined;
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
async function anyStays(em: EntityManager, { target, bound, deadline }: Doomed): Promise<boolean> {
  const { column, sqlType } = target.expiry;
  if (target.expiryIndexes.length > 0) {
    await em.execute(`select set_config('enable_seqscan', 'off', true)`);
    const [row] = await em.execute<{ stays: boolean }[]>(
      `select coalesce((select max(${column}) from ${target.table}) > ?::${sqlType}, false)
         or exists (select from ${target.table} where ${column} is null) as stays`,
      [bound],
    );
    await em.execute(`select set_config('enable_seqscan', 'on', true)`);
    return row?.stays === true;
  }
  const { sql, params } = expired(target.expiry, bound, deadline);
  const [row] = await em.execute<{ stays: boolean }[]>(
    `select exists (select from ${target.table} where (${sql}) is not true) as stays`,
    [...params],
  );
  return row?.stays === true;
}
