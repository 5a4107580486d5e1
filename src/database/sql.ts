import { raw } from '@mikro-orm/core';

/** A piece of SQL with its parameters, in the order of its question marks. */
export interface SqlFragment {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** Joins conditions that all must hold. */
export function allOf(...conditions: readonly SqlFragment[]): SqlFragment {
  return joined(conditions, ' and ');
}

/** Joins fragments, with `separator` between them. */
export function joined(fragments: readonly SqlFragment[], separator: string): SqlFragment {
  return {
    sql: fragments.map(({ sql }) => sql).join(separator),
    params: fragments.flatMap(({ params }) => params),
  };
}

/**
 * Makes a condition of MikroORM's deletions from raw SQL. The fragment has to be the *key*:
 * passed as the whole condition, MikroORM takes it for a primary key.
 */
export function asWhere({ sql, params }: SqlFragment): Record<symbol, readonly []> {
  return { [raw(sql, [...params])]: [] };
}

/** Writes `name` as an SQL identifier, whatever is in it: it stays a name and never becomes SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes a table's name with its schema, where it has one. */
export function quoteTable(table: {
  readonly schema: string | undefined;
  readonly table: string;
}): string {
  const name = quoteName(table.table);
  return table.schema === undefined ? name : `${quoteName(table.schema)}.${name}`;
}
