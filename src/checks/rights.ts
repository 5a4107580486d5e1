import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { MIGRATIONS_TABLE } from '../database/orm.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import { ask } from '../database/transaction.ts';
import { FIND_TABLE } from '../targets/cascades.ts';
import { ok, problem, warning, type Found } from './finding.ts';

/** One privilege that the clean-up needs. */
interface Right {
  /** The GRANT that gives it, without `GRANT`, and up to `TO`. */
  readonly grant: string;
  readonly schema: string | null;
  /** Null: a privilege on the schema. */
  readonly table: string | null;
  /** `any column`: UPDATE on at least one column; `columns`: on all that are named. */
  readonly privilege: string;
  readonly columns?: readonly string[];
}

/** All privileges that a role needs to clean these targets, no more. */
function rightsFor(targets: readonly TargetConfig[], ledgerSchema: string): readonly Right[] {
  const ledger = { schema: ledgerSchema, table: LEDGER_TABLE };
  const migrations = { schema: ledgerSchema, table: MIGRATIONS_TABLE };
  return [
    usageOf(ledgerSchema),
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE'].map((privilege) => rightOn(ledger, privilege)),
    rightOn(migrations, 'SELECT'),
    ...targets.flatMap((target) => [
      ...(target.schema === undefined ? [] : [usageOf(target.schema)]),
      rightOn(target, 'SELECT'),
      rightOn(target, 'DELETE'),
      // Locking a row, to skip those that others hold, needs the privilege to update one column.
      rightOn(target, `UPDATE (${quoteName(anyColumnOf(target))})`, 'any column'),
      ...target.dependents.flatMap((child) => [
        ...(child.schema === undefined ? [] : [usageOf(child.schema)]),
        rightOn(child, 'SELECT'),
        rightOn(child, 'DELETE'),
      ]),
      ...target.unlink.flatMap((child) => {
        const columns = child.columns.map((column) => column.child);
        const update = `UPDATE (${columns.map(quoteName).join(', ')})`;
        return [
          ...(child.schema === undefined ? [] : [usageOf(child.schema)]),
          rightOn(child, 'SELECT'),
          { ...rightOn(child, update, 'columns'), columns },
        ];
      }),
    ]),
  ];
}

/** A column that the rule names. */
function anyColumnOf({ expiresColumns, where }: TargetConfig): string {
  return expiresColumns[0] ?? where[0]?.column ?? '';
}

function usageOf(schema: string): Right {
  const grant = `USAGE ON SCHEMA ${quoteName(schema)}`;
  return { grant, schema, table: null, privilege: 'USAGE' };
}

function rightOn(
  { schema, table }: Pick<TargetConfig, 'schema' | 'table'>,
  granted: string,
  privilege = granted,
): Right {
  const grant = `${granted} ON ${quoteTable({ schema, table })}`;
  return { grant, schema: schema ?? null, table, privilege };
}

/** The SQL that gives a role the privileges it needs, one statement a line. */
export function grantStatements(
  targets: readonly TargetConfig[],
  ledgerSchema: string,
  role: string,
): readonly string[] {
  const grants = rightsFor(targets, ledgerSchema).map(({ grant }) => grant);
  return [...new Set(grants)].map((grant) => `GRANT ${grant} TO ${quoteName(role)};`);
}

/** The privileges for `unlessReferenced`: only the catalogue knows which tables refer to a target. */
async function rightsOnReferences(
  em: EntityManager,
  targets: readonly TargetConfig[],
): Promise<readonly Right[]> {
  const wanted = targets.filter(({ unlessReferenced }) => unlessReferenced);
  if (wanted.length === 0) return [];
  const named = wanted.map(({ schema = null, table }) => ({ schema, table }));
  const rows = await em.execute<{ schema: string; table: string }[]>(REFERENCES, [
    JSON.stringify(named),
  ]);
  return rows.flatMap((table) => [usageOf(table.schema), rightOn(table, 'SELECT')]);
}

const REFERENCES = `
  select distinct n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as "table"
  from pg_catalog.jsonb_to_recordset(?::pg_catalog.jsonb) as named (schema pg_catalog.text, "table" pg_catalog.text)
  cross join lateral (${FIND_TABLE}) found
  join pg_catalog.pg_constraint k on k.confrelid operator(pg_catalog.=) found.oid
    and k.contype operator(pg_catalog.=) 'f'::pg_catalog."char"
  join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) k.conrelid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace`;

/** Checks that the connected role has all its privileges, and gives the GRANT for each that it lacks. */
export async function checkRights(
  em: EntityManager,
  targets: readonly TargetConfig[],
  ledgerSchema: string,
): Promise<Found> {
  const rights = [...rightsFor(targets, ledgerSchema), ...(await rightsOnReferences(em, targets))];
  const rows = await em.execute<{ role: string; lacks: boolean; grant: string }[]>(RIGHTS, [
    JSON.stringify(rights),
  ]);
  const role = quoteName(rows[0]?.role ?? '');
  const lacking = rows.filter(({ lacks }) => lacks).map(({ grant }) => grant);
  const missing = [...new Set(lacking)].map((grant) => `GRANT ${grant} TO ${role};`);
  if (missing.length === 0) return ok(`role ${role} has all privileges it needs`);
  return problem(
    `role ${role} lacks ${missing.length === 1 ? 'a privilege' : `${missing.length} privileges`}`,
    missing.join('\n'),
  );
}

// A table or schema that does not exist gives NULL, and is a finding of other checks.
const RIGHTS = `
  select current_user::pg_catalog.text as role, named."grant",
    coalesce(not case
      when named."table" is null then pg_catalog.has_schema_privilege(
        (select n.oid from pg_catalog.pg_namespace n where n.nspname operator(pg_catalog.=) named.schema::pg_catalog.name),
        'USAGE'::pg_catalog.text)
      when named.privilege operator(pg_catalog.=) 'any column'::pg_catalog.text
        then pg_catalog.has_any_column_privilege(found.oid, 'UPDATE'::pg_catalog.text)
      when named.privilege operator(pg_catalog.=) 'columns'::pg_catalog.text
        then (select pg_catalog.bool_and(pg_catalog.has_column_privilege(found.oid, a.attnum, 'UPDATE'::pg_catalog.text))
          from pg_catalog.pg_attribute a
          join pg_catalog.jsonb_array_elements_text(named.columns) as name
            on name operator(pg_catalog.=) a.attname::pg_catalog.text
          where a.attrelid operator(pg_catalog.=) found.oid)
      else pg_catalog.has_table_privilege(found.oid, named.privilege)
    end, false) as lacks
  from pg_catalog.jsonb_to_recordset(?::pg_catalog.jsonb) as named
    ("grant" pg_catalog.text, schema pg_catalog.text, "table" pg_catalog.text, privilege pg_catalog.text,
      columns pg_catalog.jsonb)
  left join lateral (${FIND_TABLE}) found on true`;

/**
 * The statement that lets a role see the activity of other sessions, which throttling for them needs.
 * Source: https://www.postgresql.org/docs/current/predefined-roles.html
 */
export function viewOfOthersGrant(role: string): string {
  return `GRANT pg_read_all_stats TO ${quoteName(role)};`;
}

/** Checks whether the connected role sees the activity of other sessions; without it the clean-up cannot throttle for them. */
export async function checkViewOfOthers(em: EntityManager): Promise<Found> {
  const sql = `select current_user::text as role, pg_has_role('pg_read_all_stats', 'usage') as sees`;
  const [row] = await ask<{ role: string; sees: boolean }>(em, {}, { sql, params: [] });
  if (row?.sees === true) {
    return ok('this role sees the activity of other sessions and of replicas');
  }
  return warning(
    'this role does not see the activity of other sessions: the clean-up is not throttled for their load and lock ' +
      'waits, nor for old transactions, nor for replicas that fall behind',
    viewOfOthersGrant(row?.role ?? ''),
  );
}
