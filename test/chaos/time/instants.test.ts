import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, inject } from 'vitest';

import type { TestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';

/** One row: how its expiry is written, and whether it had expired by the cut-off. */
type Row = readonly [expiry: string, fate: 'goes' | 'stays'];

/** A table of instants, as another application might keep it. */
interface Table {
  readonly type: string;
  /** Keys of `expires`, besides the column. */
  readonly expires?: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

/** In the first pass of the hour that Berlin has twice, and well inside a microsecond. */
const CUTOFF = '2025-10-26T00:45:00.123456Z';

const TABLES: Readonly<Record<string, Table>> = {
  zoned: {
    type: 'timestamptz',
    rows: [
      ['2025-10-26T00:45:00.123456Z', 'goes'],
      ['2025-10-26T00:45:00.123457Z', 'stays'],
      // Written in the database's own zone, which is Kathmandu's.
      ['2025-10-26 06:30:00.123456', 'goes'],
      ['2025-10-26 06:30:00.123457', 'stays'],
      ['0001-01-01T00:00:00Z', 'goes'],
      ['9999-12-31T23:59:59Z', 'stays'],
      ['-infinity', 'stays'],
      ['infinity', 'stays'],
      // A leap second is the first one of the next minute.
      ['2016-12-31T23:59:60Z', 'goes'],
    ],
  },
  utc: {
    type: 'timestamp',
    expires: { timeZone: 'UTC' },
    rows: [
      ['2025-10-26 00:45:00.123456', 'goes'],
      ['2025-10-26 00:45:00.123457', 'stays'],
      ['0001-01-01', 'goes'],
      ['9999-12-31', 'stays'],
      ['-infinity', 'stays'],
      ['infinity', 'stays'],
    ],
  },
  kathmandu: {
    type: 'timestamp',
    expires: { timeZone: 'Asia/Kathmandu' },
    rows: [
      ['2025-10-26 06:30:00.123456', 'goes'],
      ['2025-10-26 06:30:00.123457', 'stays'],
      ['2025-10-26 00:45:00', 'goes'],
    ],
  },
  berlin: {
    type: 'timestamp',
    expires: { timeZone: 'Europe/Berlin' },
    rows: [
      ['2025-10-26 01:59:59.999999', 'goes'],
      // Either 00:30 or 01:30 in UTC: it is kept until both are past.
      ['2025-10-26 02:30:00', 'stays'],
      ['2025-10-26 03:00:00', 'stays'],
      // An hour that never was: it is read as one hour later, long past either way.
      ['2025-03-30 02:30:00', 'goes'],
    ],
  },
  text: {
    type: 'text',
    expires: { type: 'iso8601', timeZone: 'Asia/Kathmandu' },
    rows: [
      ['2025-10-26T00:45:00.123456Z', 'goes'],
      ['2025-10-26T00:45:00.123457Z', 'stays'],
      ['2025-10-26T06:30:00.123456', 'goes'],
      ['2025-10-26T06:30:00.123457', 'stays'],
      ['2025-10-26T02:45:00+02:00', 'goes'],
      ['2016-12-31T23:59:60Z', 'goes'],
      ['0001-01-01T00:00:00Z', 'goes'],
      ['9999-12-31T23:59:59Z', 'stays'],
      ['infinity', 'stays'],
      ['never', 'stays'],
    ],
  },
};

async function createTables(database: TestDatabase): Promise<void> {
  await database.sql(`alter database ${database.name} set timezone = 'Asia/Kathmandu'`);
  for (const [name, { type, rows }] of Object.entries(TABLES)) {
    await database.sql(`create table ${name} (expires_at ${type}, fate text not null)`);
    for (const [expiry, fate] of rows) {
      await database.sql(
        `begin; set local timezone = 'Asia/Kathmandu';
         insert into ${name} values ('${expiry}', '${fate}'); commit`,
      );
    }
  }
}

/** The setting of a file that describes all of them as targets. */
function settingsOf(tables: Readonly<Record<string, Table>>): Readonly<Record<string, string>> {
  const targets = Object.entries(tables).map(([name, { expires = {} }]) => [
    name,
    { table: name, expires: { column: 'expires_at', ...expires } },
  ]);
  const file = path.join(inject('runFolder') ?? os.tmpdir(), `${randomUUID()}.yaml`);
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ targets: Object.fromEntries(targets) }));
  return { CONFIG: file };
}

test('in Asia/Kathmandu: exact to the microsecond, over DST', async ({ database, temporal }) => {
  await createTables(database);
  const settings = settingsOf(TABLES);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });

  const { targets } = await (await startRun(database, temporal, { cutoff: CUTOFF })).result();

  for (const [name, { rows }] of Object.entries(TABLES)) {
    const left = await database.sql<{ expiry: string; fate: string }>(
      `select expires_at::text as expiry, fate from ${name}`,
    );
    expect({ name, wrong: left.filter(({ fate }) => fate === 'goes') }).toEqual({
      name,
      wrong: [],
    });
    expect({ name, left: left.length }).toEqual({
      name,
      left: rows.filter(([, fate]) => fate === 'stays').length,
    });
    const goes = rows.filter(([, fate]) => fate === 'goes').length;
    expect(targets.find(({ target }) => target === name)).toMatchObject({ deletedCount: goes });
  }
});

test('text that is no valid time never expires, is counted', async ({ database, temporal }) => {
  const tables = {
    odd: { type: 'text', expires: { type: 'iso8601', timeZone: 'UTC' }, rows: [] },
  };
  await database.sql('create table odd (expires_at text)');
  await database.sql(
    `insert into odd values ('2016-12-31T23:59:61Z'), ('2016-12-31T23:59:59Z'), ('9999-01-01')`,
  );
  const settings = settingsOf(tables);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  const run = await startRun(database, temporal);

  expect(await run.result()).toMatchObject({
    deletedCount: 1,
    targets: [{ target: 'odd', unreadableCount: 1 }],
  });
  expect(await database.sql('select expires_at from odd order by 1')).toEqual([
    { expires_at: '2016-12-31T23:59:61Z' },
    { expires_at: '9999-01-01' },
  ]);
});
