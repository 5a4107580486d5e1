import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { MIGRATIONS_TABLE } from '../database/orm.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import type { Finding } from './finding.ts';

/** One GRANT that the clean-up needs, and the question whether the role has it. */
interface Right {
  /** Without `GRANT`, and up to `TO`. */
  readonly grant: string;
  /** SQL that is true when the current role has it. */
  readonly has: string;
  readonly params: readonly (string | null)[];
}

type TableName = Pick<TargetConfig, 'schema' | 'table'>;

/** All rights that a role needs to clean these targets, no more. */
function rightsFor(targets: readonly TargetConfig[], ledgerSchema: string): readonly Right[] {
  const ledger = { schema: ledgerSchema, table: LEDGER_TABLE };
  const migrations = { schema: ledgerSchema, table: MIGRATIONS_TABLE };
  return [
    schemaRight(ledgerSchema),
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE'].map((right) => tableRight(right, ledger)),
    tableRight('SELECT', migrations),
    ...targets.flatMap((target) => {
      return [
        ...(target.schema === undefined ? [] : [schemaRight(target.schema)]),
        tableRight('SELECT', target),
        tableRight('DELETE', target),
        // Locking a row, to step around those that others hold, asks for the right to update one column.
        {
          grant: `UPDATE (${quoteName(target.expiresColumn)}) ON ${quoteTable(target)}`,
          has: `(select pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'::pg_catalog.text) ${NAMED})`,
          params: [target.schema ?? null, target.table],
        },
      ];
    }),
  ];
}

/** The SQL that gives a role the rights it needs, a statement a line. */
export function grantStatements(
  targets: readonly TargetConfig[],
  ledgerSchema: string,
  role: string,
): readonly string[] {
  const grants = rightsFor(targets, ledgerSchema).map(({ grant }) => grant);
  return [...new Set(grants)].map((grant) => `GRANT ${grant} TO ${quoteName(role)};`);
}

/** Tells each right that the connected role lacks, with the GRANT that gives it. */
export async function checkRights(
  em: EntityManager,
  targets: readonly TargetConfig[],
  ledgerSchema: string,
): Promise<readonly Finding[]> {
  const [who] = await em.execute<{ role: string }[]>(
    'select current_user::pg_catalog.text as role',
  );
  const role = who?.role ?? '';
  const missing: string[] = [];
  for (const right of rightsFor(targets, ledgerSchema)) {
    const [row] = await em.execute<{ has: boolean | null }[]>(`select ${right.has} as has`, [
      ...right.params,
    ]);
    // NULL: there is no such table or schema, which other checks tell.
    if (row?.has === false) missing.push(`GRANT ${right.grant} TO ${quoteName(role)};`);
  }
  if (missing.length === 0) {
    return [{ check: 'rights', level: 'ok', message: `role ${quoteName(role)} has all it needs` }];
  }
  return [
    {
      check: 'rights',
      level: 'error',
      message: `role ${quoteName(role)} lacks ${missing.length === 1 ? 'a right' : `${missing.length} rights`}`,
      remedy: missing.join('\n'),
    },
  ];
}

function schemaRight(schema: string): Right {
  return {
    grant: `USAGE ON SCHEMA ${quoteName(schema)}`,
    has: `(select pg_catalog.has_schema_privilege(oid, 'USAGE'::pg_catalog.text) from pg_catalog.pg_namespace
      where nspname operator(pg_catalog.=) ?::pg_catalog.name)`,
    params: [schema],
  };
}

function tableRight(right: string, table: TableName): Right {
  return {
    grant: `${right} ON ${quoteTable(table)}`,
    has: `(select pg_catalog.has_table_privilege(c.oid, '${right}'::pg_catalog.text) ${NAMED})`,
    params: [table.schema ?? null, table.table],
  };
}

// Follows the connection's search_path, as a table's name without a schema means it. Not `to_regclass`, which fails
// where the role may not use the schema; that is a right of its own.
const NAMED = `from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  cross join (select ?::pg_catalog.name as schema, ?::pg_catalog.name as name) named
  where c.relname operator(pg_catalog.=) named.name and (n.nspname operator(pg_catalog.=) named.schema
    or named.schema is null and pg_catalog.pg_table_is_visible(c.oid))`;
