/** Tests of one rule on one small table. */
import { expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { forceWay, openCleaner } from './cleaner.ts';
import { BOTH } from './expiry-columns.ts';
import { test } from './fixtures.ts';
import type { TestDatabase } from './test-database.ts';

/** The cut-off of all rules, as SQL. */
export const T = `'2026-03-01T12:00:00Z'::timestamptz`;
const T_TEXT = '2026-03-01T12:00:00Z';

/** A table, and which of its rows a rule deletes. */
export interface Rule {
  readonly rule: string;
  /** Statements before the table is created. */
  readonly before?: string;
  /** Columns besides `name`. */
  readonly columns: string;
  /** The values of these columns, in SQL, by the row's name. */
  readonly gone: Readonly<Record<string, string>>;
  readonly kept: Readonly<Record<string, string>>;
  readonly target: Partial<TargetConfig>;
  /** The column whose index a drain uses; left out: the rule can only be swept. */
  readonly index?: string;
}

/** Cleans the table by each way that the rule allows, and expects a preview of the same number. */
export function ruleTest(rule: Rule): void {
  const { columns, gone, kept, target, index } = rule;
  for (const way of index === undefined ? (['sweep'] as const) : BOTH) {
    test(`${rule.rule}: ${way}`, async ({ database }) => {
      if (rule.before !== undefined) await database.sql(rule.before);
      await database.sql(`create table odd (name text primary key, ${columns})`);
      if (index !== undefined) await database.sql(`create index on odd (${index})`);
      const rows = Object.entries({ ...gone, ...kept });
      await database.sql(
        `insert into odd values ${rows.map(([name, values]) => `('${name}', ${values})`).join(', ')}`,
      );
      await forceWay(database, way);
      await using cleaner = openCleaner(database, { target: { table: 'odd', ...target } });

      const preview = await cleaner.preview(T_TEXT);
      const outcome = await cleaner.clean({ cutoff: T });

      expect(await namesLeft(database)).toEqual(Object.keys(kept).toSorted());
      expect(outcome).toMatchObject({ deletedCount: Object.keys(gone).length, way });
      expect(preview).toMatchObject({ eligibleRows: Object.keys(gone).length, way });
    });
  }
}

/** The names of the rows that are left, in order. */
export async function namesLeft(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.sql<{ name: string }>('select name from odd');
  return rows.map(({ name }) => name).toSorted();
}
