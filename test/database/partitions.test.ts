import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import type { SliceOutcome } from '../../src/deletion/delete-slice.ts';
import { SliceLedger } from '../../src/deletion/ledger.ts';
import { check, named, test } from '../support/check.ts';
import { cleanInAttempts, forceWay, openCleaner } from '../support/cleaner.ts';
import { asRole } from '../support/least-rights.ts';
import { openActivities } from '../support/mock-activity.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const TARGET = { table: 'events', partitions: 'rows' } as const;

/** Chunks of 5,000 rows, four a second. */
const PACED = { lanes: 1, rowsPerSecond: 20_000 };

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

/** Rows with an id of `prefix` and a number, a millisecond apart. */
function insert(prefix: string, rows: number, expiry: string, created = expiry): string {
  return `insert into events (id, created_at, expires_at)
    select '${prefix}-' || number, timestamptz ${created}, timestamptz ${expiry} + number * interval '1 ms'
    from generate_series(1, ${rows}) number;`;
}

async function survivors(database: TestDatabase): Promise<Readonly<Record<string, number>>> {
  const rows = await database.sql<{ prefix: string; rows: number }>(
    `select split_part(id, '-', 1) as prefix, count(*)::int as rows from events group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ prefix, rows: count }) => [prefix, count]));
}

async function oids(database: TestDatabase, ...tables: string[]): Promise<readonly string[]> {
  const rows = await database.sql<{ oid: string }>(
    'select name::regclass::oid::text as oid from unnest($1::text[]) name',
    [tables],
  );
  return rows.map(({ oid }) => oid);
}

function die(): never {
  throw new Error('The worker died.');
}

const COLUMNS = 'id text, created_at timestamptz, expires_at timestamptz';

/** By expiry: one partition lies before now, one contains it, one comes after. */
async function createByExpiry(
  database: TestDatabase,
  rows = 100,
  rowsOfPresent = rows,
): Promise<void> {
  await execute(
    database,
    `create table events (${COLUMNS}) partition by range (expires_at);
     create table past partition of events for values from ({-30}) to ({-10});
     create table present partition of events for values from ({-10}) to ({10});
     create table future partition of events for values from ({10}) to ({30});
     ${insert('past', rows, '{-20}')} ${insert('gone', rowsOfPresent, '{-1}')}
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
    await using cleaner = openCleaner(database, { target: TARGET });
    const outcome = await cleanInAttempts(cleaner, 50, (chunks) => chunks % 3 === 0);
    expect(outcome).toMatchObject({ deletedCount: 60_000, stopped: 'drained' });
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });

  test('in the second partition: rows that stay in the first count once', async ({ database }) => {
    await createByExpiry(database);
    await database.sql(
      `create function keep() returns trigger language plpgsql as 'begin return null; end'`,
    );
    await database.sql(`create trigger keep before delete on events
      for each row when (old.id in ('past-1', 'past-2', 'gone-3')) execute function keep()`);
    await using cleaner = openCleaner(database, { target: TARGET, settings: { lanes: 1 } });

    const outcome = await cleanInAttempts(cleaner, 5, (chunks) => chunks === 2);

    expect(outcome).toMatchObject({
      deletedCount: 197,
      remaining: [{ reason: 'kept-by-trigger', rows: 3, by: 'keep' }],
      stopped: 'drained',
    });
    expect(await survivors(database)).toEqual({ future: 5, gone: 1, live: 7, past: 2 });
  });

  test('while the partition is being detached: the next attempt leaves it out', async ({
    database,
  }) => {
    await createByExpiry(database);
    await using cleaner = openCleaner(database, { target: TARGET, settings: { lanes: 1 } });
    await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow(
      'died',
    );
    await database.sql('alter table events detach partition past');
    expect(await cleaner.clean({ runId: 'run' })).toMatchObject({ deletedCount: 200 });
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });
});

describe('a slice that stops', () => {
  test.for(['sweep', 'drain'] as const)(
    'is continued by the next one, by %s, and no row is missed',
    async (way, { database }) => {
      await createByExpiry(database, 20_000);
      await database.sql('create index on events (expires_at)');
      await database.sql('analyze events');
      await forceWay(database, way);
      await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
      const outcomes: SliceOutcome[] = [];
      for (let slice = 0; slice < 200 && outcomes.at(-1)?.stopped !== 'drained'; slice += 1) {
        const resumeFrom = outcomes.at(-1)?.resumeFrom;
        let chunks = 0;
        outcomes.push(
          await cleaner.clean({
            runId: 'run',
            slice,
            ...(resumeFrom === undefined ? {} : { resumeFrom }),
            hooks: {
              onProgress: () => (chunks += 1),
              shouldStop: () => (chunks >= 2 ? 'handed-over' : undefined),
            },
          }),
        );
      }
      expect(outcomes.length).toBeGreaterThan(2);
      expect(outcomes.every((outcome) => outcome.way === way)).toBe(true);
      expect(outcomes.reduce((sum, { deletedCount }) => sum + deletedCount, 0)).toBe(40_000);
      const [past, present] = await oids(database, 'past', 'present');
      const visited = outcomes.flatMap(({ resumeFrom }) => resumeFrom?.leaf ?? []);
      expect([...new Set(visited)]).toEqual([past, present]);
      expect(await survivors(database)).toEqual({ future: 5, live: 7 });
    },
  );

  test('closes with its position, from which the next slice goes on', async ({ database }) => {
    await createByExpiry(database, 20_000);
    await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
    await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow(
      'died',
    );
    const key = { runId: 'run', target: 'sessions', slice: 0 };
    const schema = TEST_DATABASE_SETTINGS.ledgerSchema;
    const closed = await new SliceLedger(cleaner.orm.em.fork(), schema, key).close();
    const { resumeFrom, deletedCount } = closed;
    const [past] = await oids(database, 'past');
    expect(resumeFrom).toMatchObject({ leaf: past });
    const next = await cleaner.clean({
      runId: 'run',
      slice: 1,
      ...(resumeFrom === undefined ? {} : { resumeFrom }),
    });
    expect(deletedCount).toBeGreaterThan(0);
    expect(deletedCount + next.deletedCount).toBe(40_000);
  });
});

test('progress is the share of all partitions', async ({ database }) => {
  await createByExpiry(database, 30_000);
  await using cleaner = openCleaner(database, { target: TARGET, settings: { lanes: 1 } });
  const fractions: number[] = [];
  await cleaner.clean({
    hooks: { onProgress: ({ fraction }) => fraction !== undefined && fractions.push(fraction) },
  });
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.some((fraction) => fraction > 0.2 && fraction < 0.5)).toBe(true);
  expect(fractions.at(-1)).toBe(1);
});

test('a slice over its budget estimates the rows of all partitions that are left', async ({
  database,
}) => {
  await createByExpiry(database, 1_000);
  await database.sql('analyze events');
  await using cleaner = openCleaner(database, { target: TARGET });
  const outcome = await cleaner.clean({ budgetSeconds: 0 });
  expect(outcome).toMatchObject({ deletedCount: 0, stopped: 'budget' });
  expect(outcome.estimatedLeft).toBeGreaterThan(1_800);
  expect(outcome.estimatedLeft).toBeLessThan(2_200);
});

describe('during the run', () => {
  for (const [what, change, deletedCount, left] of [
    ['detached', 'alter table events detach partition present', 20_000, { future: 5 }],
    ['dropped', 'drop table present', 20_000, { future: 5 }],
    ['emptied', 'truncate present', 20_000, { future: 5 }],
    ['rewritten', 'vacuum full present', 20_050, { future: 5, live: 7 }],
  ] as const) {
    test(`a partition is ${what} before it is visited`, async ({ database }) => {
      await createByExpiry(database, 20_000, 50);
      await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
      let changing: Promise<unknown> | undefined;
      const outcome = await cleaner.clean({
        hooks: { onProgress: () => void (changing ??= database.sql(change)) },
      });
      await changing;
      expect(outcome).toMatchObject({ deletedCount, stopped: 'drained' });
      expect(await survivors(database)).toEqual(left);
    });
  }

  test('a partition is detached while it is visited: nothing is deleted from it any more', async ({
    database,
  }) => {
    await createByExpiry(database, 20_000, 50);
    await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
    let changing: Promise<unknown> | undefined;
    const outcome = await cleaner.clean({
      hooks: {
        onProgress: () =>
          void (changing ??= database.sql('alter table events detach partition past')),
      },
    });
    await changing;
    const [past] = await database.sql<{ rows: number }>('select count(*)::int as rows from past');
    expect(past?.rows).toBeGreaterThan(0);
    expect(outcome).toMatchObject({
      deletedCount: 20_000 - (past?.rows ?? 0) + 50,
      stopped: 'drained',
    });
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });

  test('a partition is dropped while it is visited: its count is kept', async ({ database }) => {
    await createByExpiry(database, 20_000, 50);
    await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
    let changing: Promise<unknown> | undefined;
    let atDrop = 0;
    const outcome = await cleaner.clean({
      hooks: {
        onProgress({ deletedCount }) {
          changing ??= database.sql('drop table past');
          atDrop = atDrop === 0 ? deletedCount : atDrop;
        },
      },
    });
    await changing;
    expect(outcome.stopped).toBe('drained');
    expect(outcome.deletedCount).toBeGreaterThanOrEqual(atDrop + 50);
    expect(outcome.deletedCount).toBeLessThan(20_050);
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });

  test('a partition is attached: the next run cleans it', async ({ database }) => {
    await createByExpiry(database, 20_000, 50);
    await using cleaner = openCleaner(database, { target: TARGET, settings: PACED });
    await execute(
      database,
      `create table older (like events);
       insert into older (id, expires_at) select 'older-' || n, {-40} from generate_series(1, 60) n`,
    );
    const [attach] = await database.sql<{ statement: string }>(
      `select format('alter table events attach partition older for values from (minvalue) to (%L)', ${day(-30)}) as statement`,
    );
    let changing: Promise<unknown> | undefined;
    const outcome = await cleaner.clean({
      hooks: { onProgress: () => void (changing ??= database.sql(attach?.statement ?? '')) },
    });
    await changing;
    expect(outcome).toMatchObject({ deletedCount: 20_050, stopped: 'drained' });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 60, stopped: 'drained' });
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
  });
});

test('a partition that another session locks is waited for', async ({ database }) => {
  await createByExpiry(database, 20_000, 50);
  await using cleaner = openCleaner(database, { target: TARGET, settings: { lanes: 1 } });
  const other = await database.connect();
  let locking: Promise<unknown> | undefined;
  let unlocking: Promise<unknown> | undefined;
  const outcome = await cleaner.clean({
    hooks: {
      onProgress({ waitingFor }) {
        locking ??= other.query('begin; lock table present in access exclusive mode');
        if (waitingFor?.startsWith('table-locked: "public"."present"') === true) {
          unlocking ??= other.query('rollback');
        }
      },
    },
  });
  await locking;
  await unlocking;
  expect(unlocking).toBeDefined();
  expect(outcome).toMatchObject({ deletedCount: 20_050, skippedLocked: 0, stopped: 'drained' });
});

test('locked rows of all partitions are counted, each once', async ({ database }) => {
  await createByExpiry(database);
  await using cleaner = openCleaner(database, { target: TARGET });
  const other = await database.connect();
  await other.query(
    `begin; select from events where id in ('past-1', 'past-2', 'gone-3') for update`,
  );
  const outcome = await cleanInAttempts(cleaner, 10, (chunks) => chunks === 2 || chunks === 5);
  await other.query('rollback');
  expect(outcome).toMatchObject({ deletedCount: 197, skippedLocked: 3, stopped: 'drained' });
  expect(await survivors(database)).toEqual({ future: 5, gone: 1, live: 7, past: 2 });
});

/** Makes a role with the rights on the ledger, and on these tables those that a clean-up needs. */
async function createReader(database: TestDatabase, tables: readonly string[]): Promise<string> {
  const role = `reader_${database.name}`;
  await database.sql(`create role ${role} login;
    grant usage on schema session_cleanup to ${role};
    grant select, insert, update, delete on all tables in schema session_cleanup to ${role};
    grant select, delete, update (expires_at) on ${tables.join(', ')} to ${role}`);
  return role;
}

describe('a role with privileges on', () => {
  for (const [what, tables] of [
    ['the parent alone', ['events']],
    ['the parent and one of the partitions', ['events', 'past']],
  ] as const) {
    test.for(['sweep', 'drain'] as const)(
      `${what} deletes all expired rows, by %s`,
      async (way, { database }) => {
        await createByExpiry(database, 2_000);
        await database.sql('create index on events (expires_at)');
        await database.sql('analyze events');
        await forceWay(database, way);
        const role = await createReader(database, tables);
        const url = asRole(database.url, role);
        const other = await database.connect();
        await other.query(
          `begin; select from events where id in ('past-1', 'past-2', 'gone-3') for update`,
        );
        {
          await using cleaner = openCleaner({ ...database, url }, { target: TARGET });
          expect(await cleaner.clean()).toMatchObject({
            deletedCount: 3_997,
            skippedLocked: 3,
            way,
            stopped: 'drained',
          });
        }
        await other.query('rollback');
        expect(await survivors(database)).toEqual({ future: 5, gone: 1, live: 7, past: 2 });
        await database.sql(`drop owned by ${role}; drop role ${role}`);
      },
    );
  }

  test('the parent alone does not wait for partitions whose bounds lie after the deadline', async ({
    database,
  }) => {
    await createByExpiry(database);
    const role = await createReader(database, ['events']);
    const other = await database.connect();
    await other.query('begin; lock table future in access exclusive mode');
    {
      const url = asRole(database.url, role);
      await using cleaner = openCleaner({ ...database, url }, { target: TARGET });
      expect(await cleaner.clean()).toMatchObject({ deletedCount: 200, stopped: 'drained' });
    }
    await other.query('rollback');
    expect(await survivors(database)).toEqual({ future: 5, live: 7 });
    await database.sql(`drop owned by ${role}; drop role ${role}`);
  });
});

/** A partitioned table with a key, to which others refer. */
async function createWithKey(database: TestDatabase): Promise<void> {
  await execute(
    database,
    `create table events (id int primary key, parent int references events, expires_at timestamptz) partition by range (id);
     create table one partition of events for values from (0) to (100);
     create table two partition of events for values from (100) to (200);
     insert into events select n, null, case when n % 10 = 0 then timestamptz {9} else timestamptz {-9} end
       from generate_series(1, 199) n;
     create table devices (event int, label text);`,
  );
}

describe('rows that refer to a partitioned table', () => {
  test('are deleted by a cascade, and check names the key once', async ({ database }) => {
    await createWithKey(database);
    await database.sql(
      'alter table devices add constraint of_event foreign key (event) references events on delete cascade',
    );
    await database.sql('insert into devices values (1), (10), (101), (110)');
    const findings = await check(database, TARGET);
    expect(
      findings.filter((each) => each.check === 'references').map(({ message }) => message),
    ).toEqual([
      expect.stringContaining('"of_event" of "public"."devices" also deletes'),
      expect.stringContaining('"of_event" has no suitable index'),
      expect.stringContaining('"events_parent_fkey" of "public"."events" keeps'),
      expect.stringContaining('"events_parent_fkey" has no suitable index'),
    ]);
    await using cleaner = openCleaner(database, { target: TARGET });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 180, stopped: 'drained' });
    expect(await database.sql('select event from devices order by 1')).toEqual([
      { event: 10 },
      { event: 110 },
    ]);
  });

  test('keep it, and are counted', async ({ database }) => {
    await createWithKey(database);
    await database.sql(
      'alter table devices add constraint of_event foreign key (event) references events',
    );
    await database.sql('insert into devices values (1), (101), (102)');
    await using cleaner = openCleaner(database, { target: TARGET });
    const outcome = await cleaner.clean();
    expect(outcome).toMatchObject({
      deletedCount: 177,
      remaining: [{ reason: 'referenced', rows: 3, by: 'of_event' }],
      stopped: 'drained',
    });
  });

  test('keep it with unlessReferenced, those of the table itself as well', async ({ database }) => {
    await createWithKey(database);
    await database.sql(
      'alter table devices add constraint of_event foreign key (event) references events on delete cascade',
    );
    await database.sql('insert into devices values (1), (10), (101)');
    // A foreign key may refer to one partition only.
    await database.sql('create table of_one (event int references one on delete cascade)');
    await database.sql('insert into of_one values (3)');
    // A row may refer to itself; 10 lives.
    await database.sql(
      `update events set parent = case id when 2 then 2 when 10 then 102 end where id in (2, 10)`,
    );
    await using cleaner = openCleaner(database, { target: { ...TARGET, unlessReferenced: true } });
    expect(await cleaner.clean()).toMatchObject({
      deletedCount: 176,
      remaining: [{ reason: 'referenced', rows: 4 }],
    });
    expect(await database.sql('select id from events where expires_at < now() order by 1')).toEqual(
      [1, 3, 101, 102].map((id) => ({ id })),
    );
    expect(await database.sql('select event from devices')).toHaveLength(3);
  });

  test('are deleted first, as dependents', async ({ database }) => {
    await createWithKey(database);
    await database.sql(
      'alter table devices add constraint of_event foreign key (event) references events',
    );
    await database.sql(
      'insert into devices select n, null from generate_series(1, 199) n, generate_series(1, 3)',
    );
    const dependents = [
      { schema: undefined, table: 'devices', columns: [{ child: 'event', parent: undefined }] },
    ];
    await using cleaner = openCleaner(database, { target: { ...TARGET, dependents } });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 180, dependentsDeleted: 540 });
    expect(await database.sql('select from devices')).toHaveLength(57);
  });
});

test('a statement trigger of the parent fires, so its statements name the parent', async ({
  database,
}) => {
  await createByExpiry(database);
  await database.sql('create table log (id text)');
  await database.sql(`create function log() returns trigger language plpgsql security definer as
    'begin insert into public.log select id from gone; return null; end'`);
  await database.sql(`create trigger log after delete on events referencing old table as gone
    for each statement execute function log()`);
  await using cleaner = openCleaner(database, { target: TARGET });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 200, stopped: 'drained' });
  expect(await database.sql('select distinct id from log')).toHaveLength(200);
});

test('partitions of any name, in any schema, are cleaned', async ({ database }) => {
  await execute(
    database,
    `create schema "a.b"; create schema elsewhere;
     create table events (${COLUMNS}) partition by list (id);
     create table "a.b"."x?y" partition of events for values in ('old-1');
     create table elsewhere.events partition of events for values in ('old-2');
     create table "a.b"."quo""te" partition of events for values in ('old-3');
     ${insert('old', 3, '{-9}')}`,
  );
  await using cleaner = openCleaner(database, { target: TARGET });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 3, stopped: 'drained' });
  expect(await survivors(database)).toEqual({});
});

describe('a published partitioned table', () => {
  test('is cleaned where its partitions have a replica identity', async ({ database }) => {
    await createWithKey(database);
    await database.sql('create publication everything for all tables');
    await database.sql('drop table devices');
    await using cleaner = openCleaner(database, { target: TARGET });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 180 });
  });

  test('is refused with the name of a partition that has none', async ({ database }) => {
    await createByExpiry(database);
    await database.sql('create publication everything for all tables');
    await using cleaner = openCleaner(database, { target: TARGET });
    await expect(cleaner.clean()).rejects.toMatchObject({
      failure: FAILURE.unsupportedTable,
      message: expect.stringContaining('"public"."future" is in the publication'),
    });
  });
});

describe('check', () => {
  test('finds nothing wrong with a partitioned table that has an index', async ({ database }) => {
    await createByExpiry(database);
    await database.sql('create index on events (expires_at)');
    const findings = await check(database, TARGET);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(named(findings, 'partitions')?.message).toBe('3 partitions, cleaned one after another');
  });

  test('names the partitions without privileges, and those without an index', async ({
    database,
    newcomer,
  }) => {
    await createByExpiry(database);
    await database.sql('create index on past (expires_at)');
    await database.sql(`grant select, delete, update on events, past to "${newcomer.role}"`);
    const findings = await check(database, TARGET, newcomer.url);
    expect(named(findings, 'partitions')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('no privileges on 2 of 3 partitions'),
      remedy: expect.stringContaining('"public"."present", "public"."future"'),
    });
    expect(named(findings, 'index')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('2 of 3 partitions have no index'),
      remedy: 'CREATE INDEX ON "public"."events" ("expires_at");',
    });
  });
});

test('a run that would delete every row of all partitions waits for approval', async ({
  database,
}) => {
  await createByExpiry(database, 1_000);
  await database.sql('delete from events where expires_at > now()');
  await database.sql('vacuum analyze events');
  const target = { ...TEST_TARGET, ...TARGET, approvalShare: 1 };
  await using activities = openActivities(database.url, { targets: [target] });
  expect(await activities.attempt({}).result).toMatchObject({
    stopped: 'approval-needed',
    approval: { expiredRows: 2_000, totalRows: 2_000 },
  });
  await database.sql(`insert into events values ('live', null, now() + interval '1 day')`);
  expect(await activities.attempt({}).result).toMatchObject({ deletedCount: 2_000 });
});
