/** What `init` finds in a database. */
import { describe, expect } from 'vitest';

import { PRESETS } from '../../src/config/presets.ts';
import { closeOrm, createOrm } from '../../src/database/orm.ts';
import { discover, type Discovery } from '../../src/discovery/discover.ts';
import type { Examined } from '../../src/discovery/examine.ts';
import { test } from '../support/fixtures.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { DDL } from '../stores/ddl.ts';
import { STORE_CASES } from '../stores/rows.ts';

async function discoverIn({ url }: Pick<TestDatabase, 'url'>): Promise<Discovery> {
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, []);
  try {
    return await discover(orm, TEST_DATABASE_SETTINGS, 'session-cleanup.yaml');
  } finally {
    await closeOrm(orm);
  }
}

function presetsIn({ targets }: Discovery): readonly (string | undefined)[] {
  return targets.map(({ entry }) => entry.preset).toSorted();
}

/** Each store's tables in a schema of its own, unless they bring one. */
async function createStores(database: TestDatabase): Promise<void> {
  const client = await database.connect();
  for (const [store, ddl] of Object.entries(DDL)) {
    if (!ddl.includes('CREATE SCHEMA')) {
      await client.query(`create schema "${store}"; set search_path = "${store}"`);
    }
    await client.query(ddl);
  }
}

describe('a known store', () => {
  test('of every kind is recognised among all others, by its own presets', async ({
    emptyDatabase: database,
  }) => {
    await createStores(database);
    const { targets } = await discoverIn(database);
    const found = Object.entries(DDL).map(([store, ddl]) => {
      const schema = /CREATE SCHEMA (\w+)/.exec(ddl)?.[1] ?? store;
      const presets = targets
        .filter(({ table }) => table.schema === schema)
        .flatMap(({ entry: { preset = [] } }) => preset);
      return [store, presets.toSorted()];
    });
    const expected = Object.entries(DDL).map(([store, ddl]) => [
      store,
      Object.keys(STORE_CASES)
        .filter((preset) => STORE_CASES[preset]?.ddl === ddl)
        .toSorted(),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    expect(expected.flatMap(([, presets]) => presets).length).toBe(Object.keys(PRESETS).length);
    console.log(targets.map((t: Examined)=>[t.name, t.table.schema+'.'+t.table.name, JSON.stringify(t.entry), JSON.stringify(t.blanks), ...t.questions, JSON.stringify(t.facts)].join(' | ')).join('\n'));
  });
});
void presetsIn;
