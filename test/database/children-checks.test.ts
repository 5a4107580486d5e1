import { describe, expect } from 'vitest';

import { grantStatements } from '../../src/checks/rights.ts';
import type { TargetConfig } from '../../src/config/config.ts';
import { check, named, test } from '../support/check.ts';
import { addChildren, child, countRowsOf, createChildren } from '../support/children.ts';
import { openCleaner } from '../support/cleaner.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const { ledgerSchema } = TEST_DATABASE_SETTINGS;

/** Each rule with the rights on the child that it needs. */
const RULES: readonly (readonly [string, Partial<TargetConfig>, readonly string[]])[] = [
  ['dependents', { dependents: [child('devices')] }, ['SELECT', 'DELETE']],
  ['unlink', { unlink: [child('devices')] }, ['SELECT', 'UPDATE ("session_id")']],
  ['unlessReferenced', { unlessReferenced: true }, ['SELECT']],
];

describe.for(RULES)('%s', ([name, rule, rights]) => {
  test('cleans with the grants that are printed, or that check asks for', async ({
    database,
    newcomer,
  }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await createChildren(database);
    await addChildren(database, 1);
    const target = { ...TEST_TARGET, ...rule };
    for (const grant of grantStatements([target], ledgerSchema, newcomer.role)) {
      await database.sql(grant);
    }
    if (name === 'unlessReferenced') {
      // Only the catalogue knows which tables these are.
      await database.sql(
        named(await check(database, target, newcomer.url), 'rights')?.remedy ?? 'select',
      );
    }
    expect(named(await check(database, target, newcomer.url), 'rights')?.level).toBe('ok');
    await using cleaner = openCleaner({ ...database, url: newcomer.url }, { target: rule });
    expect(await cleaner.clean()).toMatchObject({
      deletedCount: name === 'unlessReferenced' ? 0 : 20,
    });
    expect(await countRowsOf(database, 'devices')).toBe(name === 'dependents' ? 0 : 20);

    for (const right of rights) {
      await database.sql(`revoke ${right} on devices from "${newcomer.role}"`);
      const grant =
        name === 'unlessReferenced'
          ? `GRANT ${right} ON "public"."devices" TO "${newcomer.role}";`
          : `GRANT ${right} ON "devices" TO "${newcomer.role}";`;
      expect(named(await check(database, target, newcomer.url), 'rights')).toMatchObject({
        level: 'error',
        remedy: grant,
      });
      await database.sql(grant);
    }
  });

  test('check says what happens, and asks for an index', async ({ database }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await database.sql('create table devices (session_id uuid references sessions)');
    const before = await referencesOf(database, rule);
    expect(before).toEqual([
      ['ok', expect.stringContaining(SAYS[name] ?? '')],
      ['warning', expect.stringContaining('has no suitable index')],
    ]);
    await database.sql('create index on devices (session_id)');
    expect(await referencesOf(database, rule)).toEqual(before.slice(0, 1));
    expect(await countSessions(database)).toEqual({ expired: 20, live: 5 });
  });
});

const SAYS: Readonly<Record<string, string>> = {
  dependents: 'are deleted first',
  unlink: 'are unlinked first',
  unlessReferenced: 'keeps rows that it refers to: unlessReferenced is true',
};

async function referencesOf(
  database: TestDatabase,
  rule: Partial<TargetConfig>,
): Promise<readonly (readonly [string, string])[]> {
  return (await check(database, rule))
    .filter((finding) => finding.check === 'references')
    .map(({ level, message }) => [level, message]);
}

test('check follows cascades from dependents to their end', async ({ database }) => {
  await database.sql(`
    create table devices (id uuid primary key, session_id uuid references sessions);
    create table logins (id uuid primary key, device uuid references devices on delete cascade);
    create table notes (login uuid references logins);
    create index on devices (session_id); create index on logins (device); create index on notes (login)`);
  expect(await referencesOf(database, { dependents: [child('devices')] })).toEqual([
    ['ok', expect.stringContaining('are deleted first')],
    ['ok', expect.stringContaining('"logins_device_fkey"')],
    [
      'warning',
      expect.stringContaining(
        '("public"."sessions" -> "public"."devices" -> "public"."logins" -> "public"."notes")',
      ),
    ],
  ]);
});

test('check asks for an index where no foreign key relates a child', async ({ database }) => {
  await database.sql('create table devices (session_id uuid)');
  const rule = { dependents: [child('devices')] };
  expect(await referencesOf(database, rule)).toEqual([
    ['warning', expect.stringContaining('every chunk reads all of "public"."devices"')],
  ]);
  await database.sql('create index on devices (session_id)');
  expect(await referencesOf(database, rule)).toEqual([
    ['ok', '"public"."devices" ("session_id") refers to it without a foreign key'],
  ]);
});
