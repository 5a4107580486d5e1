import { expect } from 'vitest';

import { test } from '../support/fixtures.ts';

test('these tests run on the oldest PostgreSQL that is supported', async ({ database }) => {
  const [row] = await database.sql<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  expect(row).toEqual({ major: 14 });
});
