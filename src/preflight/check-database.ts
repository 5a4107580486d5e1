import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import type { Config, TargetConfig } from '../config/config.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { sqlState } from '../database/transaction.ts';
import { FinalDeletionError } from '../deletion/errors.ts';
import { inspectTarget, OLDEST_SERVER } from '../deletion/target.ts';
import type { Finding } from './finding.ts';
import { checkPlausibility } from './plausibility.ts';
import { checkRights } from './rights.ts';
import { checkIndex, checkReferences, checkRowSecurity, checkTriggers } from './table-checks.ts';
import { checkViewOfOthers } from './view-of-others.ts';

/** Clocks further apart than this make logs and histories hard to compare. Seconds. */
const CLOCKS_APART = 5;

/**
 * Looks at everything in the database that a run depends on. Writes nothing, and goes on after a
 * problem, so that one look tells all of them.
 *
 * @throws whatever the database throws when it can't be reached at all
 */
export async function checkDatabase(
  orm: MikroORM,
  config: Pick<Config, 'database' | 'targets'>,
): Promise<readonly Finding[]> {
  const em = orm.em.fork();
  const { targets, database } = config;
  const findings: Finding[] = [
    await checkServer(em),
    await checkClock(em),
    ...(await unlessForbidden('ledger', undefined, async () => [await checkLedger(orm, config)])),
    ...(await checkRights(em, targets, database.ledgerSchema)),
    await checkViewOfOthers(em),
  ];
  for (const target of targets) {
    const check = async (): Promise<readonly Finding[]> => await checkTarget(em, target);
    findings.push(...(await unlessForbidden('table', target.name, check)));
  }
  return findings;
}

/** What a role may not look at can't be checked; which right it lacks is a finding of its own. */
async function unlessForbidden(
  check: string,
  subject: string | undefined,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    const message = 'this role may not look at it';
    const remedy = 'Give it the rights that the check "rights" names.';
    return [
      { check, level: 'error', message, remedy, ...(subject === undefined ? {} : { subject }) },
    ];
  }
}

/** Checks one target: all that the first slice of a run wants to know before it deletes. */
async function checkTarget(em: EntityManager, config: TargetConfig): Promise<readonly Finding[]> {
  try {
    const target = await inspectTarget(em, config);
    const table: Finding = {
      check: 'table',
      level: 'ok',
      subject: target.name,
      message: `${target.table}, expiry in ${target.expiry.column} (${target.expiry.sqlType})`,
    };
    return [
      table,
      await checkPlausibility(em, target),
      await checkIndex(em, target),
      ...(await checkReferences(em, target)),
      await checkTriggers(em, target),
      await checkRowSecurity(em, target),
    ];
  } catch (error) {
    if (!(error instanceof FinalDeletionError)) throw error;
    return [{ check: 'table', level: 'error', subject: config.name, message: error.message }];
  }
}

async function checkServer(em: EntityManager): Promise<Finding> {
  const [row] = await em.execute<{ number: number; version: string; standby: boolean }[]>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
       pg_is_in_recovery() as standby`,
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
  return { check, level: 'ok', message: `PostgreSQL ${row.version}` };
}

async function checkClock(em: EntityManager): Promise<Finding> {
  const before = Date.now();
  const [row] = await em.execute<{ now: number }[]>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  );
  // The answer was given somewhere between asking and hearing it.
  const apart = ((row?.now ?? 0) - (before + Date.now()) / 2) / 1_000;
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

async function checkLedger(orm: MikroORM, config: Pick<Config, 'database'>): Promise<Finding> {
  const pending = await pendingMigrations(orm, config.database);
  const check = 'ledger';
  if (pending.length === 0) {
    return { check, level: 'ok', message: `migrated, in schema "${config.database.ledgerSchema}"` };
  }
  return {
    check,
    level: 'error',
    message: `not migrated: ${pending.join(', ')}`,
    remedy: 'Run: session-cleanup migrate',
  };
}
