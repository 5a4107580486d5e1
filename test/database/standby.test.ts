import { expect } from 'vitest';

import { RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { createOrm } from '../../src/database/orm.ts';
import { checkDatabase } from '../../src/checks/check-database.ts';
import { failureOf, openActivities } from '../support/mock-activity.ts';
import { startWithReplica } from '../support/own-postgres.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import { test } from '../support/temporary-folder.ts';

test(
  'an address that names a standby is an error that says so, and all else is checked as well',
  { timeout: 90_000 },
  async ({ folder }) => {
    await using own = await startWithReplica(folder, {});
    const settings = {
      ...TEST_DATABASE_SETTINGS,
      url: own.replica.urlOf(new URL(own.database.url).pathname.slice(1)),
    };
    const orm = createOrm(settings, [TEST_TARGET]);
    try {
      // The replica first has to receive the database.
      await expect.poll(() => orm.em.fork().execute('select'), { timeout: 30_000 }).toHaveLength(1);
      const findings = await checkDatabase(orm, { database: settings, targets: [TEST_TARGET] });
      expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
        {
          check: 'server',
          level: 'error',
          message: expect.stringMatching(/^PostgreSQL .* is a standby, which is read-only$/),
          remedy: 'Set DATABASE_URL to the primary.',
        },
      ]);
      expect(findings.length).toBeGreaterThan(8);
      await using activities = openActivities(settings.url);
      // A failover ends this state.
      expect(await failureOf(activities.attempt({}).result)).toMatchObject({
        type: RETRYABLE_FAILURE.databaseUnavailable,
        nonRetryable: false,
        message: expect.stringContaining('(25006)'),
      });
    } finally {
      await orm.close(true);
    }
  },
);
