/** How many rows are due, and how many are not. */
import type { MikroORM } from '@mikro-orm/postgresql';

import type { Config } from '../../src/config/config.ts';
import { quoteTable } from '../../src/database/sql.ts';
import { previewTarget } from '../../src/deletion/preview.ts';

/** Rows of all targets together. */
export interface Counts {
  /** Due to be deleted, by the very condition that the deletion uses. */
  readonly expired: number;
  /** All others. */
  readonly live: number;
}

/**
 * The database's present to the full second. The cut-off of a run that is triggered later is never before
 * it, since a schedule cuts the trigger's instant to the second: so what had expired by then goes.
 */
export async function presentSecond(orm: MikroORM): Promise<string> {
  const [row] = await orm.em
    .fork()
    .execute<{ present: string }[]>(
      `select to_jsonb(date_trunc('second', now()) at time zone 'UTC') #>> '{}' || 'Z' as present`,
    );
  if (row === undefined) throw new Error('The database did not tell the time.');
  return row.present;
}

/** Counts as of an instant: the same instant before and after a run makes the two comparable. */
export async function countRows(
  orm: MikroORM,
  config: Pick<Config, 'targets' | 'deletion'>,
  instant: string,
): Promise<Counts> {
  let expired = 0;
  let total = 0;
  for (const target of config.targets) {
    const { eligibleRows } = await previewTarget(orm, target, config.deletion, instant);
    const [row] = await orm.em
      .fork()
      .execute<{ count: string }[]>(`select count(*) as count from ${quoteTable(target)}`);
    expired += eligibleRows;
    total += Number(row?.count ?? 0);
  }
  return { expired, live: total - expired };
}
