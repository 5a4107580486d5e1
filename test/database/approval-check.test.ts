import { expect } from 'vitest';

import { checkApproval } from '../../src/deletion/approval-check.ts';
import { expiredRowsOf } from '../../src/targets/expired-rows.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

async function approvalReport(
  database: TestDatabase,
  share: number,
): Promise<Awaited<ReturnType<typeof checkApproval>>> {
  await using cleaner = openCleaner(database);
  const em = cleaner.orm.em.fork();
  const target = await inspectTarget(em, TEST_TARGET);
  const rows = await expiredRowsOf(em, target, { graceSeconds: 0 });
  return await checkApproval(em, rows, share);
}

for (const index of ['with', 'without'] as const) {
  test(`${index} an index: 1,000 rows are deleted, 1,001 need approval`, async ({ database }) => {
    if (index === 'without') await database.sql('drop index sessions_expires_at_index');
    await fillSessions(database, { expired: 1_000, live: 0 });
    expect(await approvalReport(database, 1)).toBeUndefined();
    await fillSessions(database, { expired: 1, live: 0 });
    expect(await approvalReport(database, 1)).toEqual({ expiredRows: 1_001, totalRows: 1_001 });
  });

  test(`${index} an index: one row that stays avoids the approval`, async ({ database }) => {
    if (index === 'without') await database.sql('drop index sessions_expires_at_index');
    await fillSessions(database, { expired: 2_000, live: 1 });
    expect(await approvalReport(database, 1)).toBeUndefined();
    await database.sql('delete from sessions where expires_at > now()');
    expect(await approvalReport(database, 1)).toMatchObject({ totalRows: 2_000 });
    await database.sql('alter table sessions alter column expires_at drop not null');
    await database.sql(
      'update sessions set expires_at = null where id = (select id from sessions limit 1)',
    );
    expect(await approvalReport(database, 1)).toBeUndefined();
  });
}

test('a smaller share sets it off from exactly that share on', async ({ database }) => {
  await fillSessions(database, { expired: 1_499, live: 501 });
  expect(await approvalReport(database, 0.75)).toBeUndefined();
  await fillSessions(database, { expired: 4, live: 0 });
  expect(await approvalReport(database, 0.75)).toEqual({ expiredRows: 1_503, totalRows: 2_004 });
});
