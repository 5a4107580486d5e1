import type { ApplicationFailure } from '@temporalio/common';
import { expect } from 'vitest';

import { FAILURE, RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { test } from '../support/check.ts';
import { failureOf, openActivities } from '../support/mock-activity.ts';

test('a startup parameter that the server does not know fails at once', async ({ database }) => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c no_such_setting=1');
  const failure = await failureAt(url.href);
  expect(failure).toMatchObject({ type: FAILURE.refusedConnection, nonRetryable: true });
  expect(failure.message).toContain('DATABASE_URL');
});

test('no CONNECT fails at once, no free slot retries', async ({ database, newcomer: { url } }) => {
  await database.sql(`alter database ${database.name} connection limit 0`);
  expect(await failureAt(url)).toMatchObject({
    type: RETRYABLE_FAILURE.databaseUnavailable,
    nonRetryable: false,
  });
  await database.sql(`revoke connect on database ${database.name} from public`);
  const failure = await failureAt(url);
  expect(failure).toMatchObject({ type: FAILURE.noRight, nonRetryable: true });
  expect(failure.message).toContain('GRANT CONNECT');
});

async function failureAt(url: string): Promise<ApplicationFailure> {
  await using activities = openActivities(url);
  return await failureOf(activities.attempt({}).result);
}
