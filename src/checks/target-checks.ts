import type { EntityManager } from '@mikro-orm/postgresql';
import type { Condition } from '../config/config.ts';
import { settingOf } from '../config/setting-of.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { drainRoute } from '../deletion/drain.ts';
import { countExpired } from '../targets/count-rows.ts';
import { expiredRowsOf } from '../targets/expired-rows.ts';
import type { Target } from '../targets/target.ts';
import { ok, warning, type Found } from './finding.ts';

/** Time for counting before a sample is counted instead. Milliseconds. */
const COUNT_TIMEOUT = 10_000;

/**
 * Checks for rows that never expire, often the reason why a table grows, and for rows at values that many applications
 * use for "never", which would be deleted if they count as expired.
 */
export async function checkRows(
  em: EntityManager,
  target: Target,
): Promise<readonly (Found & { readonly check: string })[]> {
  const rows = await expiredRowsOf(em, target, { graceSeconds: 0 });
  const counts = await countExpired(em, rows, COUNT_TIMEOUT);
  const { nullRows, unreadableRows, sentinels, expiredSentinels } = counts;
  const about = counts.isEstimate ? 'about ' : '';
  const parts = [
    ...(nullRows === 0 ? [] : [`${about}${nullRows} rows have no expiry`]),
    ...(unreadableRows === 0
      ? []
      : [`${about}${unreadableRows} rows have one that cannot be read as an instant`]),
  ];
  const at = (values: typeof sentinels): string =>
    values.map(({ value, rows: number }) => `${about}${number} at ${value}`).join(', ');
  const neverExpire = `${parts.join(', and ')}; they never expire`;
  return [
    {
      check: 'never-expire',
      ...(unreadableRows === 0
        ? ok(parts.length === 0 ? `every row of ${target.quotedTable} can expire` : neverExpire)
        : warning(neverExpire, correctUnreadable(target))),
    },
    {
      check: 'sentinels',
      ...(expiredSentinels.length > 0
        ? warning(
            `${target.expiryColumns.map(({ column }) => column).join(', ')} holds values that often mean "never" and count as expired: ${at(expiredSentinels)}`,
            `If they mean that, list them in ${settingOf(target.config, 'expires.never')}, or set the column to NULL in these rows.`,
          )
        : ok(
            sentinels.length === 0
              ? 'no row is at a well-known value such as 0 or 1970-01-01'
              : `rows at well-known values never expire: ${at(sentinels)}`,
          )),
    },
  ];
}

/**
 * Checks that each condition of `where` is met by a row, and that a negation excludes one: a value that no row holds is
 * mostly a mistake, by which nothing is deleted, or too much.
 */
export async function checkConditions(
  em: EntityManager,
  target: Target,
): Promise<readonly Found[]> {
  const { quotedTable, where, config } = target;
  if (where.length === 0) return [];
  const settings = { ...ASKING, statement_timeout: `${COUNT_TIMEOUT}ms` };
  const isAny = async (condition: string, params: readonly unknown[]): Promise<boolean> => {
    const sql = `select exists (select from ${quotedTable}${condition}) as found`;
    try {
      const [row] = await ask<{ found: boolean }>(em, settings, { sql, params });
      return row?.found === true;
    } catch (error) {
      // A row that is so hard to find says nothing about the condition.
      if (isTimeout(error)) return true;
      throw error;
    }
  };
  if (!(await isAny('', []))) {
    return [ok(`${quotedTable} has no rows, so nothing shows which meet the conditions`)];
  }
  const found: Found[] = [];
  const remedy = `Check the values in ${settingOf(config, 'where')}.`;
  for (const [index, { sql, params }] of where.entries()) {
    const { column = '', condition } = config.where[index] ?? {};
    const name = quoteName(column);
    if (!(await isAny(` where ${sql}`, params))) {
      found.push(warning(`no row meets the condition on ${name}, so nothing is deleted`, remedy));
      continue;
    }
    const isNegation = condition !== undefined && 'not' in condition && !isNullOnly(condition.not);
    if (isNegation && !(await isAny(` where ${name} is not null and not ${sql}`, params))) {
      found.push(warning(`no row is excluded by the negation on ${name}`, remedy));
    }
  }
  return found.length === 0 ? [ok('each condition is met by a row')] : found;
}

function isNullOnly(condition: Condition): boolean {
  return 'anyOf' in condition && condition.anyOf.every((value) => value === null);
}

function correctUnreadable({ config, expiryColumns }: Target): string {
  const texts = expiryColumns.filter(({ type }) => type === 'iso8601');
  const correct = `Correct the values in ${texts.map(({ column }) => column).join(', ')}.`;
  if (texts.every(({ timeZone }) => timeZone !== undefined)) return correct;
  return (
    'Values without a zone cannot be read, since not every connection to the database gets UTC: set ' +
    `${settingOf(config, 'timeZone')} to their zone. ${correct}`
  );
}

/**
 * Checks with EXPLAIN that the drain can find expired rows by an index, on the very condition that it uses. Without one
 * every run reads the whole table, which is slower and not wrong.
 */
export async function checkIndex(em: EntityManager, target: Target): Promise<Found> {
  const { quotedTable, expiry, expiryColumns, expiryIndexes, leaves } = target;
  const isColumn = expiry !== undefined && expiry === expiryColumns[0];
  if (!isColumn) {
    return ok('the rule combines columns or has none, so each run reads the whole table');
  }
  const { column } = expiry;
  if (expiry.type === 'iso8601') {
    return warning(
      `no index can find text in ${column}, so each run reads the whole table`,
      'Keep the expiry in a timestamptz column if the table is large.',
    );
  }
  const { bound } = await expiredRowsOf(em, target, { graceSeconds: 0 });
  const route = drainRoute(target, expiry, bound);
  const { sql, params } = route.within({ from: '', to: bound });
  const plan = await ask(
    em,
    { ...route.settings, enable_bitmapscan: 'off' },
    {
      sql: `explain (format json) select from ${quotedTable} where ${sql} order by ${column} limit 1`,
      params,
    },
  );
  const text = JSON.stringify(plan);
  const used = expiryIndexes.find((index) => text.includes(JSON.stringify(index)));
  if (leaves !== undefined) {
    const lacking = leaves.filter(({ indexes }) => indexes.length === 0).length;
    if (lacking === 0) return ok(`an index of each partition finds expired rows`);
    return warning(
      `${lacking} of ${leaves.length} partitions have no index on ${column}, so each run reads all of those that may hold expired rows`,
      `CREATE INDEX ON ${quotedTable} (${column});`,
    );
  }
  if (used !== undefined) return ok(`index ${quoteName(used)} finds expired rows`);
  return warning(
    `no index finds rows by ${column}, so each run reads the whole table`,
    `CREATE INDEX CONCURRENTLY ON ${quotedTable} (${column});`,
  );
}

/** Partitions that one message names. */
const NAMED_PARTITIONS = 10;

/**
 * Checks that statements can name the partitions themselves. The privileges on the parent suffice, but a statement that
 * names the parent reads the same blocks of all partitions.
 */
export function checkPartitions({ quotedTable, leaves = [] }: Target): Found {
  const forbidden = leaves.filter(({ isPermitted }) => !isPermitted);
  const through = leaves.filter(({ isDirect }) => !isDirect);
  if (forbidden.length > 0) {
    const named = forbidden.slice(0, NAMED_PARTITIONS).map(quoteTable).join(', ');
    const more = forbidden.length > NAMED_PARTITIONS ? ', …' : '';
    return warning(
      `this role has no privileges on ${forbidden.length} of ${leaves.length} partitions, so each statement names ${quotedTable} and reads the same blocks of all of them`,
      `Grant it SELECT, UPDATE and DELETE on ${named}${more}, on new partitions as well, and USAGE on their schemas.`,
    );
  }
  return ok(
    through.length === 0
      ? `${leaves.length} partitions, cleaned one after another`
      : `${leaves.length} partitions, ${through.length} of them through ${quotedTable}, which is slower: its statement triggers fire for no other statement, or row-level security applies to them`,
  );
}

/** Row triggers of the table and of tables that cascades reach: they cost time, and may keep rows or fail. */
export function checkTriggers({ oid: own, facts }: Target): Found {
  const triggers = facts.tables.flatMap(({ oid, table, event, triggers: ofTable }) =>
    ofTable.map(({ name }) =>
      oid === own ? quoteName(name) : `${quoteName(name)} on ${event} in ${table}`,
    ),
  );
  if (triggers.length === 0) return ok('no trigger fires for each row');
  return warning(
    `fires for each deleted row: ${triggers.join(', ')}`,
    'Make sure that it is fast, that it does not return NULL, which keeps the row, and that its function has the ' +
      'privileges it needs when this role deletes.',
  );
}
