/** Loading a table in bulk. */
import type { EntityManager } from '@mikro-orm/postgresql';

/**
 * Takes the indexes of `sessions` away, does the work, and builds the very same ones again: many times
 * faster than keeping them up to date for row after row in random order. All in the caller's transaction,
 * so nobody ever finds the table without them.
 */
export async function withoutIndexes(
  transaction: EntityManager,
  work: () => Promise<void>,
): Promise<void> {
  const indexes = await transaction.execute<IndexStatements[]>(INDEXES);
  for (const { take } of indexes) await transaction.execute(take);
  await work();
  for (const { build } of indexes) await transaction.execute(build);
}

/** The statements that take one index away and build it again. */
export interface IndexStatements {
  readonly take: string;
  readonly build: string;
}

/** Query for the {@link IndexStatements} of each index: those of constraints, then the others. */
export const INDEXES = `
  select format('alter table sessions drop constraint %I', conname) as take,
         format('alter table sessions add constraint %I %s', conname, pg_get_constraintdef(oid)) as build
  from pg_constraint
  where conrelid = 'sessions'::regclass and contype in ('p', 'u')
  union all
  select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  from pg_index
  where indrelid = 'sessions'::regclass
    and indexrelid not in (select conindid from pg_constraint where conrelid = 'sessions'::regclass)`;
