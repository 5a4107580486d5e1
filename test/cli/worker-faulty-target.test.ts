import { expect, vi } from 'vitest';

import { grantStatements } from '../../src/checks/rights.ts';
import { test } from '../support/check.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import { environmentFor, runCommand, startCommand } from './command-process.ts';

vi.setConfig({ testTimeout: 60_000 });

test('a policy that fails on one target affects neither the start of a worker nor other targets', async ({
  database,
  temporal,
  newcomer: { role, url },
}) => {
  await fillSessions(database, { expired: 50, live: 5 });
  await database.sql(`create table codes (expires_at timestamptz);
    alter table codes enable row level security;
    create policy tenant on codes using (current_setting('app.tenant') = 'x')`);
  const codes = { ...TEST_TARGET, name: 'codes', table: 'codes' };
  for (const grant of grantStatements([TEST_TARGET, codes], 'session_cleanup', role)) {
    await database.sql(grant);
  }
  const environment = {
    ...environmentFor({ url }, temporal),
    SESSION_CLEANUP_CONFIG: 'test/cli/fixtures/two-targets.yaml',
    SESSION_CLEANUP_SCHEDULE: 'off',
  };
  await using worker = startCommand(['worker'], environment);
  await worker.untilWritten('session_cleanup_worker_started');
  await worker.untilWritten('row-level security');

  const { exitCode, stdout, stderr } = await runCommand(['run', 'start', '--json'], environment);
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toContain('HiddenRows');
  expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
});
