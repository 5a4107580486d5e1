/** Sessions to play with, for a table that the development environment made itself. */
import type { EntityManager } from '@mikro-orm/postgresql';

import { withoutIndexes } from './without-indexes.ts';

/** Rows that one statement writes: few enough for a progress line several times a second. */
const CHUNK = 20_000;

/**
 * Fills an empty table `sessions` as an application would have over the last weeks: 60 % expired, in no
 * particular order. All or nothing, so that a start cut short begins anew. Live ones last for another
 * hour at least: what a first run deletes is then known beforehand.
 *
 * @returns false, with nothing written, when the table already holds sessions.
 */
export async function fillSessions(
  em: EntityManager,
  count: number,
  options: { readonly onProgress: (written: number) => void; readonly signal: AbortSignal },
): Promise<boolean> {
  const filled = await em.fork().transactional(async (transaction) => {
    const [found] = await transaction.execute<{ filled: boolean }[]>(
      'select exists (select from sessions) as filled',
    );
    if (found?.filled === true) return false;
    await withoutIndexes(transaction, async () => {
      for (let written = 0; written < count; written += CHUNK) {
        options.signal.throwIfAborted();
        const last = Math.min(written + CHUNK, count);
        await transaction.execute(INSERT_SAMPLES, [written + 1, last]);
        options.onProgress(last);
      }
      options.signal.throwIfAborted();
    });
    return true;
  });
  // What autovacuum would do a minute later: the planner's statistics, and the visibility map.
  if (filled) await em.fork().execute('vacuum (analyze) sessions');
  return filled;
}

/**
 * A session lasts for 14 days from when it was last seen. The whole table is in no order of expiry;
 * `order by random()` also mixes the expired with the live ones.
 */
const INSERT_SAMPLES = `
  insert into sessions
    (id, user_id, token_hash, user_agent, ip_address, created_at, last_seen_at, expires_at)
  select gen_random_uuid(),
         'user-' || (1 + floor(random() * 50000))::int,
         encode(sha256(('token of sample session ' || number)::bytea), 'hex'),
         (array[
           'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
           'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
           'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
           'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1'
         ])[1 + floor(random() * 4)::int],
         inet '10.0.0.0' + floor(random() * 16777216)::bigint,
         last_seen - random() * interval '60 days',
         last_seen,
         last_seen + interval '14 days'
  from (
    select number,
           case
             when number % 5 < 3 then now() - interval '14 days 1 second' - random() * interval '45 days'
             else now() - interval '14 days' + interval '1 hour' + random() * interval '13 days 23 hours'
           end as last_seen
    from generate_series(?::int, ?::int) as number
    order by random()
  ) as seen`;
