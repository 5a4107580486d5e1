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
