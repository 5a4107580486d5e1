import type { EntityManager } from '@mikro-orm/postgresql';
import { asWhere, type SqlFragment } from '../database/sql-fragment.ts';
import { quoteName } from '../database/quote-name.ts';
import type { Target } from '../targets/target.ts';

/**
 * MikroORM's bulk delete: removes the rows for which the condition holds, and returns how many.
 *
 * A slice asks for the same deletion again and again, only with other parameters. Putting it together is a
 * third of what a chunk costs the worker, so that is done once for each condition.
 */
export async function bulkDelete(
  em: EntityManager,
  target: Target,
  condition: SqlFragment,
): Promise<number> {
  const statement = statementFor(em, target, condition);
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    statement,
    [...condition.params],
    'run',
  );
  return affectedRows;
}

const statements = new WeakMap<Target, Map<string, string>>();

function statementFor(em: EntityManager, target: Target, condition: SqlFragment): string {
  const known = statements.get(target) ?? new Map<string, string>();
  statements.set(target, known);
  const found = known.get(condition.sql);
  if (found !== undefined) return found;
  const statement = em
    .createQueryBuilder(target.entity)
    .withSchema(target.schema)
    .delete(asWhere(condition))
    .getQuery();
  const named = withSchema(statement, target);
  known.set(condition.sql, named);
  return named;
}

/**
 * MikroORM leaves the schema `public` out, which leaves the table to the search_path: that may name another one
 * first, or not name `public` at all.
 */
function withSchema(statement: string, { quotedTable, schema }: Target): string {
  const bare = `delete from ${quotedTable.slice(quoteName(schema).length + 1)} `;
  return statement.startsWith(bare)
    ? `delete from ${quotedTable} ${statement.slice(bare.length)}`
    : statement;
}
