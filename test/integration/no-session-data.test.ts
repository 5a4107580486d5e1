import { expect } from 'vitest';

import { PROGRESS_QUERY } from '../../src/contract.ts';
import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker, type RealRun } from '../support/real-worker.ts';
import { fillSessions } from '../support/sessions.ts';
import { until } from '../workflows/fake-worker.ts';

/** Recognisable wherever it turns up; a valid UUID, so that it can be a key as well. */
const PLANTED = 'deadbeef-feed-4bad-8bad-c0ffee15900d';

/** Everything that can be read of a run: its whole history, and what is pending, as one text. */
async function everythingAbout(run: RealRun): Promise<string> {
  const [history, description] = await Promise.all([run.fetchHistory(), run.describe()]);
  return textOf([history, description.raw]);
}

/** All text in a value, however deep; payloads are bytes, and hold JSON. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}

test('no value of a session stands in a history, a heartbeat, an answer or a failure', async ({
  temporal,
  database,
}) => {
  await fillSessions(database, { expired: 20_000, live: 50 });
  await database.sql(
    `update sessions set user_agent = $1, user_id = $1, token_hash = md5(id::text) || md5($1)`,
    [PLANTED],
  );
  await using _ = await startRealWorker(temporal, database, {
    deletion: { chunkMilliseconds: 10, rowsPerSecond: 8_000 },
  });
  const run = await startRealRun(temporal);
  await until(
    async () => (await run.describe()).raw.pendingActivities?.[0]?.heartbeatDetails != null,
  );
  const whileWorking = await everythingAbout(run);
  const answer = JSON.stringify(await run.query(PROGRESS_QUERY));
  await run.result();

  const seen = [whileWorking, answer, await everythingAbout(run)].join('\n');
  // What is looked for is there to be found: the search itself works.
  expect(seen).toContain('"deletedCount"');
  expect(seen).not.toContain(PLANTED);
  expect(seen).not.toContain('md5');
});

test('an error of the database that quotes a row is not passed on, nor is the address or the password', async ({
  temporal,
  database,
}) => {
  await database.sql(
    `insert into sessions (id, user_id, token_hash, expires_at) values ($1, 'u', 'h', now())`,
    [PLANTED],
  );
  // PostgreSQL's own message: Key (id)=(deadbeef-…) is still referenced from table "audits".
  await database.sql('create table audits (session uuid references sessions)');
  await database.sql('insert into audits values ($1)', [PLANTED]);
  await using _ = await startRealWorker(temporal, database);
  const run = await startRealRun(temporal);
  await expect(run.result()).rejects.toMatchObject({ cause: { type: 'Referenced' } });

  const seen = await everythingAbout(run);
  expect(seen).toContain('refer to them');
  expect(seen).not.toContain(PLANTED);
  const { host, password } = new URL(database.url);
  expect(seen).not.toContain(host);
  if (password !== '') expect(seen).not.toContain(password);
});
