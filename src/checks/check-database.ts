import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Config, TargetConfig } from '../config/config.ts';
import { formatDuration } from '../config/duration.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { ask } from '../database/transaction.ts';
import { FinalDeletionError } from '../failures/errors.ts';
import { explainError } from '../failures/translate.ts';
import { READ_ONLY_SOURCE, readTableFacts } from '../targets/table-facts.ts';
import { requireWritable } from '../targets/table-support.ts';
import { inspectTarget, requireVersion, type Target } from '../targets/target.ts';
import { ok, problem, warning, type Finding, type Found } from './finding.ts';
import { checkPlausibility } from './plausibility.ts';
import { checkReferences } from './reference-checks.ts';
import { checkRights, checkViewOfOthers } from './rights.ts';
import {
  checkConditions,
  checkIndex,
  checkPartitions,
  checkRows,
  checkTriggers,
} from './target-checks.ts';
import { checkXminHorizon } from './xmin-horizon.ts';

/** Clocks further apart than this make logs and histories hard to compare. Seconds. */
const CLOCKS_APART = 5;

/** What a check of the database needs; without `deletion`, its defaults apply. */
export type CheckConfig = Pick<Config, 'database' | 'targets'> & Partial<Pick<Config, 'deletion'>>;

/** A check's name and what it does. */
type Check = readonly [name: string, run: () => Promise<Found | readonly Found[]>];

/**
 * Checks everything in the database that a run depends on. Writes nothing, and continues after a
 * problem, so that all of them are reported at once. A fault of one target is a finding of that target.
 *
 * @throws whatever the database throws when it cannot be reached at all
 */
export async function checkDatabase(
  orm: MikroORM,
  { database, targets, deletion }: CheckConfig,
): Promise<readonly Finding[]> {
  const em = orm.em.fork();
  const [first] = targets;
  if (first === undefined) throw new TypeError('there is no configuration without a target');
  const findings = await runChecks(em, first, [
    ['server', async () => await checkServer(em)],
    ['clock', async () => await checkClock(em)],
    ['ledger', async () => await checkLedger(orm, database)],
    ['replication-role', async () => await checkReplicationRole(em)],
    ['rights', async () => await checkRights(em, targets, database.ledgerSchema)],
    ['view-of-others', async () => await checkViewOfOthers(em)],
    ['xmin-horizon', async () => await checkXminHorizon(em, deletion?.maxTransactionAgeSeconds)],
  ]);
  const ofTargets: Finding[] = [];
  for (const config of targets) ofTargets.push(...(await checkTarget(em, config, targets)));
  return [...findings, ...mergeEqual(ofTargets)];
}

/** Checks one target: all that the first slice of a run wants to know before it deletes. */
async function checkTarget(
  em: EntityManager,
  config: TargetConfig,
  configured: readonly TargetConfig[],
): Promise<readonly Finding[]> {
  const checksOf = (target: Target): readonly Check[] => [
    ['expiry-unit', async () => await checkPlausibility(em, target)],
    ['conditions', async () => await checkConditions(em, target)],
    ['never-expire', async () => await checkRows(em, target)],
    ['index', async () => await checkIndex(em, target)],
    ...(target.leaves === undefined
      ? []
      : [['partitions', () => Promise.resolve(checkPartitions(target))] as const]),
    ['references', async () => await checkReferences(em, target, configured)],
    ['triggers', () => Promise.resolve(checkTriggers(target))],
    // Policies that hide rows are an error of the table.
    ['row-security', () => Promise.resolve(ok('no policy hides rows'))],
  ];
  const checks: Check[] = [
    [
      'table',
      async () => {
        const target = await inspectTarget(em, config, configured);
        checks.push(...checksOf(target));
        return ok(`${target.quotedTable}, ${describeRule(target)}`);
      },
    ],
  ];
  const findings = await runChecks(em, config, checks);
  return findings.map((found) => ({ ...found, subject: config.name }));
}

/**
 * Runs checks one after another; one may add others. An error of one is its finding, as long as the database answers: what a role may not
 * read, what takes too long or what fails cannot be checked, and everything else is still checked.
 *
 * @param config - of the target that an error is about
 */
async function runChecks(
  em: EntityManager,
  config: TargetConfig,
  checks: readonly Check[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [check, run] of checks) {
    const found = await run().catch(async (error: unknown): Promise<Found> => {
      const { text } = explainError(error, config);
      if (error instanceof FinalDeletionError) return problem(text);
      // Throws where the database is out of reach.
      await em.execute('select');
      return problem(`cannot be checked: ${text}`);
    });
    findings.push(...[found].flat().map((each) => ({ check, ...each })));
  }
  return findings;
}

/** When rows of a target expire, in words. */
function describeRule({ expiryColumns, config }: Target): string {
  const { lifetimeSeconds, lifetimeColumn, where } = config;
  const columns = expiryColumns.map(({ column, columnType }) => `${column} (${columnType})`);
  const what = columns.length > 1 ? `the latest of ${columns.join(', ')}` : columns.join('');
  const lifetimes = [
    ...(lifetimeSeconds === 0 ? [] : [formatDuration(lifetimeSeconds * 1_000)]),
    ...(lifetimeColumn === undefined
      ? []
      : [`${quoteName(lifetimeColumn.column)} (${lifetimeColumn.unit ?? 'interval'})`]),
  ];
  const expiry =
    columns.length === 0 ? 'expires at once' : `expiry in ${[what, ...lifetimes].join(' + ')}`;
  const columnsOfConditions = where.map(({ column }) => quoteName(column));
  return where.length === 0 ? expiry : `${expiry}, conditions on ${columnsOfConditions.join(', ')}`;
}

/** Two targets on one table share what is found about the table: reported once, for both. */
function mergeEqual(findings: readonly Finding[]): readonly Finding[] {
  const groups = Map.groupBy(findings, (finding) =>
    JSON.stringify({ ...finding, subject: undefined }),
  );
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const subjects = [first, ...others].map(({ subject }) => subject);
    return [{ ...first, subject: subjects.join(', ') }];
  });
}

interface ServerFacts {
  readonly number: number;
  readonly version: string;
  readonly standby: boolean;
  readonly source: string | null;
}

async function checkServer(em: EntityManager): Promise<Found> {
  const sql = `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
      pg_is_in_recovery() as standby, ${READ_ONLY_SOURCE} as source`;
  const [row] = await ask<ServerFacts>(em, {}, { sql, params: [] });
  if (row === undefined) throw new TypeError('the question returned no row');
  requireVersion(row.number, row.version);
  if (row.standby) {
    return problem(
      `PostgreSQL ${row.version} is a standby, which is read-only`,
      'Set DATABASE_URL to the primary.',
    );
  }
  requireWritable(row.source);
  return ok(`PostgreSQL ${row.version}`);
}

async function checkClock(em: EntityManager): Promise<Found> {
  const before = Date.now();
  // A whole number, which `extra_float_digits` does not round.
  const sql = 'select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now';
  const [row] = await ask<{ now: string }>(em, {}, { sql, params: [] });
  // The server read its clock at some time between the question and the answer.
  const apart = (Number(row?.now ?? 0) - (before + Date.now()) / 2) / 1_000;
  if (Math.abs(apart) <= CLOCKS_APART) {
    return ok(`database and this machine agree to ${CLOCKS_APART} s`);
  }
  return warning(
    `the database's clock is ${Math.abs(apart).toFixed(0)} s ${apart < 0 ? 'behind' : 'ahead of'} this machine's`,
    "Synchronize both by NTP. No live session is deleted meanwhile: the database's clock decides.",
  );
}

async function checkLedger(orm: MikroORM, database: Config['database']): Promise<Found> {
  const pending = await pendingMigrations(orm, database);
  if (pending.length > 0) {
    const message = `not migrated: ${pending.join(', ')}`;
    return problem(message, 'Run: session-cleanup migrate');
  }
  const em = orm.em.fork();
  const sql = `select c.oid::text as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ?::name and c.relname = ?::name`;
  const params = [database.ledgerSchema, LEDGER_TABLE];
  const [ledger] = await ask<{ oid: string }>(em, {}, { sql, params });
  if (ledger !== undefined && (await readTableFacts(em, ledger.oid)).hidesRows) {
    const table = quoteTable({ schema: database.ledgerSchema, table: LEDGER_TABLE });
    return problem(
      `row-level security applies to this role on ${table}, so that counts may be lost`,
      `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY;`,
    );
  }
  return ok(`migrated, in schema "${database.ledgerSchema}"`);
}

/** Under `session_replication_role = replica`, foreign keys and ordinary triggers do nothing. */
async function checkReplicationRole(em: EntityManager): Promise<readonly Found[]> {
  const sql = `select source, session_user::text as role, current_database()::text as database from pg_settings
      where name = 'session_replication_role' and setting = 'replica'`;
  const question = { sql, params: [] };
  const rows = await ask<{ source: string; role: string; database: string }>(em, {}, question);
  return rows.map(({ source, role, database }) =>
    warning(
      `session_replication_role is replica for this connection (source: ${source}): foreign keys do not cascade ` +
        'or restrict, and triggers do not fire, so rows that refer to deleted ones remain',
      replicationRoleRemedy(source, quoteName(role), quoteName(database)),
    ),
  );
}

function replicationRoleRemedy(source: string, role: string, database: string): string {
  switch (source) {
    case 'database':
      return `ALTER DATABASE ${database} RESET session_replication_role;`;
    case 'user':
      return `ALTER ROLE ${role} RESET session_replication_role;`;
    case 'database user':
      return `ALTER ROLE ${role} IN DATABASE ${database} RESET session_replication_role;`;
    case 'global':
      return 'ALTER ROLE ALL RESET session_replication_role;';
    case 'client':
      return 'Remove it from the options in DATABASE_URL.';
    default:
      return "Remove it from the server's configuration.";
  }
}
