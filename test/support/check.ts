/** `check`, called directly, and a role without rights. */
import { randomBytes } from 'node:crypto';

import type { DeletionSettings, TargetConfig } from '../../src/config/config.ts';
import { createOrm } from '../../src/database/orm.ts';
import { checkDatabase } from '../../src/checks/check-database.ts';
import type { Finding } from '../../src/checks/finding.ts';
import { test as base } from './fixtures.ts';
import { TEST_DATABASE_SETTINGS, TEST_DELETION, TEST_TARGET } from './settings.ts';
import type { TestDatabase } from './test-database.ts';

/** A role without any right. */
export interface Newcomer {
  /** With a blank in it, so that it has to be quoted. */
  readonly role: string;
  readonly url: string;
}

export const test = base.extend(
  'newcomer',
  async ({ database }, { onCleanup }): Promise<Newcomer> => {
    const role = `new ${randomBytes(4).toString('hex')}`;
    const url = new URL(database.url);
    url.username = encodeURIComponent(role);
    url.password = 'new';
    await database.sql(`create role "${role}" login password 'new'`);
    onCleanup(async () => {
      await database.sql(`drop owned by "${role}"`);
      await database.sql(`drop role "${role}"`);
    });
    return { role, url: url.href };
  },
);

/** All findings about one target, or about several. */
export async function check(
  database: TestDatabase,
  target: Partial<TargetConfig> | readonly TargetConfig[] = {},
  url = database.url,
  deletion: Partial<DeletionSettings> = {},
): Promise<readonly Finding[]> {
  const settings = { ...TEST_DATABASE_SETTINGS, url };
  const targets = isList(target) ? target : [{ ...TEST_TARGET, ...target }];
  const orm = createOrm(settings, targets);
  try {
    return await checkDatabase(orm, {
      database: settings,
      targets,
      deletion: { ...TEST_DELETION, ...deletion },
    });
  } finally {
    await orm.close(true);
  }
}

function isList(value: unknown): value is readonly TargetConfig[] {
  return Array.isArray(value);
}

/** The first finding of a check. */
export const named = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);
