import { expect } from 'vitest';

import { loadConfig } from '../../src/config/load-config.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createOrm } from '../../src/database/orm.ts';
import { checkApproval } from '../../src/deletion/approval-check.ts';
import { deleteSlice } from '../../src/deletion/delete-slice.ts';
import { expiredRowsOf } from '../../src/targets/expired-rows.ts';
import { previewTarget } from '../../src/deletion/preview.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { checkDatabase } from '../../src/checks/check-database.ts';
import { test } from '../support/fixtures.ts';

test('?schema=auth selects the schema of the table in every command', async ({ emptyDatabase }) => {
  await emptyDatabase.sql('create schema auth');
  await emptyDatabase.sql('create table public.sessions (expires_at timestamptz)');
  await emptyDatabase.sql(
    `insert into public.sessions select now() - interval '1 hour' from generate_series(1, 3000)`,
  );
  const config = loadConfig({ DATABASE_URL: `${emptyDatabase.url}?schema=auth` });
  const orm = createOrm(config.database, config.targets);
  await using _ = { [Symbol.asyncDispose]: () => orm.close(true) };
  await migrate(orm);
  await emptyDatabase.sql(
    `insert into auth.sessions (user_id, token_hash, expires_at)
     select 'user', i::text, now() + case when i <= 1500 then -interval '1 hour' else interval '1 hour' end
     from generate_series(1, 1600) i`,
  );
  const [wanted] = config.targets;
  if (wanted === undefined) throw new Error('There is no target.');

  const findings = await checkDatabase(orm, config);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: 'table',
      message: expect.stringContaining('"auth"."sessions"'),
    }),
  );
  expect(await previewTarget(orm, wanted)).toMatchObject({ eligibleRows: 1_500 });
  const em = orm.em.fork();
  const target = await inspectTarget(em, wanted);
  const rows = await expiredRowsOf(em, target, { graceSeconds: 0 });
  expect(await checkApproval(em, rows, 0.5)).toEqual({ expiredRows: 1_500, totalRows: 1_600 });
  const job = { target, settings: config.deletion, runId: 'run', slice: 0, cutoff: 'infinity' };
  const outcome = await deleteSlice(orm, config.database.ledgerSchema, job, {
    onProgress: () => undefined,
    shouldStop: () => undefined,
  });
  expect(outcome).toMatchObject({ deletedCount: 1_500 });
  expect(await emptyDatabase.sql('select from auth.sessions')).toHaveLength(100);
  expect(await emptyDatabase.sql('select from public.sessions')).toHaveLength(3_000);
});
