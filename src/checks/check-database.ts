import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Config, TargetConfig } from '../config/config.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { quoteName } from '../database/sql.ts';
import { ask, sqlState } from '../database/transaction.ts';
import { FinalDeletionError } from '../targets/errors.ts';
import { READ_ONLY_SOURCE, readSurroundings } from '../targets/dependents.ts';
import { describeReadOnly } from '../targets/table-support.ts';
import { inspectTarget, OLDEST_SERVER, type Target } from '../targets/target.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import type { Finding } from './finding.ts';
import { checkPlausibility } from './plausibility.ts';
import { checkRights } from './rights.ts';
import { checkRows } from './row-checks.ts';
import { checkReferences } from './reference-checks.ts';
import { checkIndex, checkTriggers } from './table-checks.ts';
import { checkViewOfOthers } from './other-sessions.ts';
import { checkXminHorizon } from './xmin-horizon.ts';

/** Clocks further apart than this make logs and histories hard to compare. Seconds. */
const CLOCKS_APART = 5;

/** What a check of the database needs; without `deletion`, its defaults count. */
export type CheckConfig = Pick<Config, 'database' | 'targets'> & Partial<Pick<Config, 'deletion'>>;

/**
 * Looks at everything in the database that a run depends on. Writes nothing, and goes on after a
 * problem, so that one look reports all of them. A fault of one target is a finding of that target.
 *
 * @throws whatever the database throws when it can't be reached at all
 */
export async function checkDatabase(
  orm: MikroORM,
  config: CheckConfig,
): Promise<readonly Finding[]> {
  const em = orm.em.fork();
  const { targets, database, deletion } = config;
  const guard = guardedBy(em);
  const findings: Finding[] = [
    await checkServer(em),
    await checkClock(em),
    ...(await guard('ledger', undefined, async () => await checkLedger(orm, config))),
    ...(await guard('rights', undefined, async () => {
      return await checkRights(em, targets, database.ledgerSchema);
    })),
    await checkViewOfOthers(em),
    ...(await guard('xmin-horizon', undefined, async () => {
      return [await checkXminHorizon(em, deletion?.maxTransactionAgeSeconds)];
    })),
  ];
  const ofTargets: Finding[] = [];
  for (const target of targets) ofTargets.push(...(await checkTarget(em, guard, target, targets)));
  return [...findings, ...mergeEqual(ofTargets)];
}

type Look = () => Promise<readonly Finding[]>;
type Guard = (
  check: string,
  subject: string | undefined,
  look: Look,
) => Promise<readonly Finding[]>;

/**
 * Makes a finding of an error, as long as the database answers: what a role may not look at, what takes
 * too long or what fails cannot be checked, and all else is checked all the same.
 */
function guardedBy(em: EntityManager): Guard {
  return async (check, subject, look) => {
    try {
      return await look();
    } catch (error) {
      const found = {
        check,
        level: 'error',
        ...(subject === undefined ? {} : { subject }),
      } as const;
      if (error instanceof FinalDeletionError) return [{ ...found, message: error.message }];
      // Throws where the database is out of reach.
      await em.execute('select');
      return [{ ...found, ...describeUncheckable(error) }];
    }
  };
}

function describeUncheckable(error: unknown): Pick<Finding, 'message' | 'remedy'> {
  const code = sqlState(error) ?? '';
  switch (code) {
    case '42501':
      return {
        message: 'cannot be checked: this role may not look at it',
        remedy: 'Give it the rights that the check "rights" names.',
      };
    case '55P03':
      return {
        message: 'cannot be checked: somebody holds a lock on the table',
        remedy: 'Check again once VACUUM FULL, ALTER TABLE or the like is done.',
      };
    case '57014':
      return { message: 'cannot be checked: the question was cancelled or took too long' };
    default:
      return {
        message: `cannot be checked: ${code === '' ? 'unexpected error' : `PostgreSQL reports SQLSTATE ${code}`}`,
      };
  }
}

/** Checks one target: all that the first slice of a run wants to know before it deletes. */
async function checkTarget(
  em: EntityManager,
  guard: Guard,
  config: TargetConfig,
  configured: readonly TargetConfig[],
): Promise<readonly Finding[]> {
  let target: Target | undefined;
  const table = await guard('table', config.name, async () => {
    target = await inspectTarget(em, config, configured);
    const { column, sqlType } = target.expiry;
    const message = `${target.table}, expiry in ${column} (${sqlType})`;
    return [{ check: 'table', level: 'ok', subject: config.name, message }];
  });
  const found = target;
  if (found === undefined) return table;
  const checks: readonly (readonly [string, Look])[] = [
    ['expiry-unit', async () => [await checkPlausibility(em, found)]],
    ['never-expire', async () => await checkRows(em, found)],
    ['index', async () => [await checkIndex(em, found)]],
    ['references', async () => await checkReferences(em, found, configured)],
    ['triggers', () => Promise.resolve([checkTriggers(found)])],
  ];
  const findings = [...table];
  for (const [check, look] of checks) findings.push(...(await guard(check, config.name, look)));
  // Hidden rows are refused with the table.
  const message = 'no policy hides rows';
  return [...findings, { check: 'row-security', level: 'ok', subject: config.name, message }];
}

/** Two targets on one table share what is found about the table: reported once, for both. */
function mergeEqual(findings: readonly Finding[]): readonly Finding[] {
  const groups = new Map<string, Finding>();
  for (const finding of findings) {
    const key = JSON.stringify({ ...finding, subject: undefined });
    const first = groups.get(key);
    const subject = [first?.subject, finding.subject].filter((name) => name !== undefined);
    groups.set(key, { ...finding, subject: subject.join(', ') });
  }
  return [...groups.values()];
}

async function checkServer(em: EntityManager): Promise<Finding> {
  const [row] = await ask<{
    number: number;
    version: string;
    standby: boolean;
    read_only_source: string | null;
  }>(
    em,
    {},
    {
      sql: `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
       pg_is_in_recovery() as standby, ${READ_ONLY_SOURCE} as read_only_source`,
      params: [],
    },
  );
  const check = 'server';
  if (row === undefined || row.number < OLDEST_SERVER) {
    const message = `PostgreSQL ${row?.version ?? 'of unknown version'} is too old`;
    return { check, level: 'error', message, remedy: 'Use PostgreSQL 14 or later.' };
  }
  if (row.standby) {
    return {
      check,
      level: 'error',
      message: `PostgreSQL ${row.version} is a standby, which only reads`,
      remedy: 'Let DATABASE_URL name the primary.',
    };
  }
  const readOnly = describeReadOnly(row.read_only_source);
  if (readOnly !== undefined) return { check, level: 'error', ...readOnly };
  return { check, level: 'ok', message: `PostgreSQL ${row.version}` };
}

async function checkClock(em: EntityManager): Promise<Finding> {
  const before = Date.now();
  // A whole number, which `extra_float_digits` does not round.
  const [row] = await ask<{ now: string }>(
    em,
    {},
    {
      sql: 'select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as now',
      params: [],
    },
  );
  // The answer was given somewhere between asking and hearing it.
  const apart = (Number(row?.now ?? 0) - (before + Date.now()) / 2) / 1_000;
  const check = 'clock';
  if (Math.abs(apart) <= CLOCKS_APART) {
    return { check, level: 'ok', message: `database and this machine agree to ${CLOCKS_APART} s` };
  }
  return {
    check,
    level: 'warning',
    message: `the database's clock is ${Math.abs(apart).toFixed(0)} s ${apart < 0 ? 'behind' : 'ahead of'} this machine's`,
    remedy:
      'Set both by NTP. No live session goes meanwhile: the database’s clock has the last word.',
  };
}

async function checkLedger(
  orm: MikroORM,
  { database }: Pick<Config, 'database'>,
): Promise<readonly Finding[]> {
  const check = 'ledger';
  const pending = await pendingMigrations(orm, database);
  if (pending.length > 0) {
    const message = `not migrated: ${pending.join(', ')}`;
    return [{ check, level: 'error', message, remedy: 'Run: session-cleanup migrate' }];
  }
  const em = orm.em.fork();
  const [ledger] = await ask<{ oid: string }>(
    em,
    {},
    { sql: LEDGER, params: [database.ledgerSchema, LEDGER_TABLE] },
  );
  if (ledger !== undefined && (await readSurroundings(em, ledger.oid)).hidesRows) {
    const table = `${quoteName(database.ledgerSchema)}.${quoteName(LEDGER_TABLE)}`;
    return [
      {
        check,
        level: 'error',
        message: `row-level security applies to this role on ${table}, so that counts may be lost`,
        remedy: `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY;`,
      },
    ];
  }
  return [{ check, level: 'ok', message: `migrated, in schema "${database.ledgerSchema}"` }];
}

const LEDGER = `select c.oid::text as oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ?::name and c.relname = ?::name`;
