import { describe, expect } from 'vitest';

import { cleanInAttempts, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';

const TARGET = { table: 'events', partitions: 'rows' } as const;

/** Days before (negative) or after now. */
function day(days: number): string {
  return `date_trunc('day', now()) + interval '${days} days'`;
}

/** Executes a statement in which `{-3}` stands for the literal of an instant three days ago. */
async function execute(database: TestDatabase, statements: string): Promise<void> {
  const days = [
    ...new Set([...statements.matchAll(/\{(-?\d+)\}/g)].map(([, days]) => Number(days))),
  ];
  let sql = statements;
  for (const each of days) {
    const [row] = await database.sql<{ instant: string }>(
      `select quote_literal(${day(each)}) as instant`,
    );
    sql = sql.replaceAll(`{${each}}`, row?.instant ?? '');
  }
  await database.sql(sql);
}

/** Rows with an id of `prefix` and a number, all of one expiry. */
function insert(prefix: string, rows: number, expiry: string, created = expiry): string {
  return `insert into events (id, created_at, expires_at)
    select '${prefix}-' || number, ${created}, ${expiry} from generate_series(1, ${rows}) number;`;
}

async function survivors(database: TestDatabase): Promise<Readonly<Record<string, number>>> {
  const rows = await database.sql<{ prefix: string; rows: number }>(
    `select split_part(id, '-', 1) as prefix, count(*)::int as rows from events group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ prefix, rows: count }) => [prefix, count]));
}

const COLUMNS = 'id text, created_at timestamptz, expires_at timestamptz';

/** By expiry: one partition lies before now, one contains it, one comes after. */
async function createByExpiry(database: TestDatabase, rows = 100): Promise<void> {
  await execute(
    database,
    `create table events (${COLUMNS}) partition by range (expires_at);
     create table past partition of events for values from ({-30}) to ({-10});
     create table present partition of events for values from ({-10}) to ({10});
     create table future partition of events for values from ({10}) to ({30});
     ${insert('past', rows, '{-20}')} ${insert('gone', rows, '{-1}')}
     ${insert('live', 7, '{2}')} ${insert('future', 5, '{20}')}`,
  );
}

describe.for<{ readonly what: string; readonly sql: string }>([
  {
    what: 'a range of the expiry',
    sql: `create table events (${COLUMNS}) partition by range (expires_at);
      create table a partition of events for values from (minvalue) to ({-2});
      create table b partition of events for values from ({-2}) to ({9});
      create table c partition of events for values from ({9}) to (maxvalue)`,
  },
  {
    what: 'a range of the time of creation',
    sql: `create table events (${COLUMNS}) partition by range (created_at);
      create table a partition of events for values from (minvalue) to ({-15});
      create table b partition of events for values from ({-15}) to (maxvalue)`,
  },
  {
    what: 'a list',
    sql: `create table events (${COLUMNS}) partition by list (id);
      create table a partition of events for values in ('old-1', 'live-1', 'old-2');
      create table b partition of events default`,
  },
  {
    what: 'a hash',
    sql: `create table events (${COLUMNS}) partition by hash (id);
      create table a partition of events for values with (modulus 3, remainder 0);
      create table b partition of events for values with (modulus 3, remainder 1);
      create table c partition of events for values with (modulus 3, remainder 2)`,
  },
  {
    what: 'two levels',
    sql: `create table events (${COLUMNS}) partition by range (expires_at);
      create table a partition of events for values from (minvalue) to ({-2}) partition by hash (id);
      create table a0 partition of a for values with (modulus 2, remainder 0);
      create table a1 partition of a for values with (modulus 2, remainder 1);
      create table b partition of events default partition by list (id);
      create table b0 partition of b default`,
  },
  {
    what: 'one of its columns, in another order in each partition',
    sql: `create table events (${COLUMNS}) partition by range (expires_at);
      create table a (expires_at timestamptz, dropped int, id text, created_at timestamptz);
      alter table a drop column dropped;
      alter table events attach partition a for values from (minvalue) to ({-2});
      create table b (created_at timestamptz, expires_at timestamptz, id text);
      alter table events attach partition b default`,
  },
])('a table partitioned by $what', ({ sql }) => {
  test.for(['with', 'without'] as const)(
    'loses its expired rows, %s an index',
    async (index, { database }) => {
      await execute(
        database,
        `${sql}; ${index === 'with' ? 'create index on events (expires_at);' : ''}
       ${insert('old', 300, '{-9}', '{-40}')} ${insert('gone', 200, '{-1}')}
       ${insert('live', 11, '{1}', '{-40}')} ${insert('far', 13, '{50}')}
       analyze events;`,
      );
      await using cleaner = openCleaner(database, { target: TARGET });
      expect(await cleaner.preview()).toMatchObject({ eligibleRows: 500 });

      const outcome = await cleaner.clean();

      expect(outcome).toMatchObject({ deletedCount: 500, skippedLocked: 0, stopped: 'drained' });
      expect(await survivors(database)).toEqual({ far: 13, live: 11 });
      expect(await cleaner.clean()).toMatchObject({ deletedCount: 0, stopped: 'drained' });
    },
  );
});

test('a partition whose bounds lie after the deadline is not waited for', async ({ database }) => {
  await createByExpiry(database);
  await using cleaner = openCleaner(database, { target: TARGET });
  const other = await database.connect();
  await other.query('begin; lock table future in access exclusive mode');

  const outcome = await cleaner.clean();

  await other.query('rollback');
  expect(outcome).toMatchObject({ deletedCount: 200, stopped: 'drained' });
  expect(outcome.waits).toBeUndefined();
  expect(await survivors(database)).toEqual({ future: 5, live: 7 });
});

test('a table without a partition has no expired rows', async ({ database }) => {
  await database.sql(`create table events (${COLUMNS}) partition by range (expires_at)`);
  await using cleaner = openCleaner(database, { target: TARGET });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 0, stopped: 'drained' });
});

describe('a crash', () => {
  test('in any partition: each row counts once', async ({ database }) => {
    await createByExpiry(database, 30_000);
    await using cleaner = openCleaner(database, { target: TARGET, settings: { lanes: 2 } });
    const outcome = await cleanInAttempts(cleaner, 50, (chunks) => chunks % 3 === 0);
    expect(outcome).toMatchObject({ deletedCount: 60_000, stopped: 'drained' });
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });
});
