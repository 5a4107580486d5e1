import { expect, it } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { PRESETS } from '../../src/config/presets.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { quoteTable } from '../../src/database/sql.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { DDL } from '../stores/ddl.ts';
import { INDEXED, STORE_CASES, type StoreCase } from '../stores/rows.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** In the weeks before it, clocks changed in the connections' zone. */
const CUTOFF = "timestamptz '2025-03-20T12:00:00Z'";

it('has rows for every preset', () => {
  expect(Object.keys(STORE_CASES)).toEqual(Object.keys(PRESETS));
});

test.for(Object.entries(STORE_CASES))(
  'the preset %s deletes exactly the expired rows, whatever the zone and date style of connections',
  async ([preset, store], { database }) => {
    const target = configure(preset, store.zone);
    const inserted = await createStore(database, store, target);
    await setForeignDates(database);
    if (store.zone !== undefined) await expectRefusalWithoutZone(database, preset);
    await using cleaner = openCleaner(database, { target });
    const { expiryIndexes } = await inspectTarget(cleaner.orm.em.fork(), target);
    expect(expiryIndexes.length > 0).toBe(INDEXED.has(preset));
    const preview = await cleaner.preview(await cutoffText(database));

    const { deletedCount } = await cleaner.clean({ cutoff: CUTOFF });

    const table = quoteTable(target);
    const left = await database.sql<{ row: string }>(`select ctid::text as row from ${table}`);
    const survivors = left.map(({ row }) => inserted.get(row) ?? row).toSorted();
    const expected = store.rows.filter(({ goes }) => !goes).map(({ why }) => why);
    expect(survivors).toEqual(expected.toSorted());
    const gone = store.rows.length - expected.length;
    expect({ deletedCount, eligibleRows: preview.eligibleRows }).toEqual({
      deletedCount: gone,
      eligibleRows: gone,
    });
    for (const [other, rows] of Object.entries(store.left ?? {})) {
      const [counted] = await database.sql(`select count(*)::int as rows from ${other}`);
      expect({ other, ...counted }).toEqual({ other, rows });
    }
  },
);

const STORES = Object.values(DDL).map((tables) => {
  const cases = Object.entries(STORE_CASES).filter(([, { ddl }]) => ddl.startsWith(tables));
  return { tables, cases, presets: cases.map(([preset]) => preset).join(', ') };
});

test.for(STORES.filter(({ cases }) => cases.length > 1))(
  'the presets $presets can be used together',
  async ({ tables, cases }, { database }) => {
    await database.sql(`drop table sessions; ${tables}`);
    await using cleaner = openCleaner(database);
    const targets = cases.map(([name, { zone }]) => ({ ...configure(name, zone), name }));
    for (const target of targets) {
      const inspected = await inspectTarget(cleaner.orm.em.fork(), target, targets);
      expect(inspected.name).toBe(target.name);
    }
  },
);

function configure(preset: string, zone?: string): TargetConfig {
  const { targets } = loadConfig({
    DATABASE_URL: 'postgres://localhost/app',
    SESSION_CLEANUP_PRESET: preset,
    SESSION_CLEANUP_TIME_ZONE: zone,
    SESSION_CLEANUP_APPROVAL: 'off',
  });
  const [target] = targets;
  if (target === undefined) throw new Error('no target');
  return target;
}

/** Not all connections get UTC, so that the zone cannot be known. */
async function expectRefusalWithoutZone(database: TestDatabase, preset: string): Promise<void> {
  await using cleaner = openCleaner(database, { target: configure(preset) });
  await expect(cleaner.clean({ cutoff: CUTOFF })).rejects.toMatchObject({
    failure: FAILURE.unclearTimeZone,
  });
}

/** Creates tables and rows. Returns why each row stays or goes, by its place in the table. */
async function createStore(
  database: TestDatabase,
  { ddl, always, rows }: StoreCase,
  target: TargetConfig,
): Promise<ReadonlyMap<string, string>> {
  // The migrated database has a table of that name already.
  await database.sql(`drop table sessions; ${ddl}`);
  const deadline = `(${CUTOFF} - interval '${target.graceSeconds} seconds')`;
  const inserted = new Map<string, string>();
  for (const [index, { why, values, after }] of rows.entries()) {
    const columns = Object.entries({ ...always, ...values });
    const fill = (sql: string): string =>
      sql.replaceAll(/(?<!:):(n|deadline)\b/g, (_, name) =>
        name === 'n' ? String(index + 1) : deadline,
      );
    const names = columns.map(([name]) => `"${name}"`).join(', ');
    const [row] = await database.sql<{ row: string }>(
      `insert into ${quoteTable(target)} (${names})
       values (${columns.map(([, value]) => fill(value)).join(', ')}) returning ctid::text as row`,
    );
    inserted.set(row?.row ?? '', why);
    if (after !== undefined) await database.sql(fill(after));
  }
  return inserted;
}

/** Another zone and date style for the database and for the role in it. */
async function setForeignDates({ name, sql }: TestDatabase): Promise<void> {
  for (const owner of [`database ${name}`, `role current_user in database ${name}`]) {
    await sql(`alter ${owner} set timezone = 'America/New_York'`);
    await sql(`alter ${owner} set datestyle = 'German'`);
  }
}

async function cutoffText({ sql }: TestDatabase): Promise<string> {
  const [row] = await sql<{ cutoff: string }>(`select to_jsonb(${CUTOFF}) #>> '{}' as cutoff`);
  return row?.cutoff ?? '';
}
