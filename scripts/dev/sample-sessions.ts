/** Sessions to play with, for a table that the development environment made itself. */
import type { EntityManager } from '@mikro-orm/postgresql';

import { withoutIndexes } from './without-indexes.ts';

/** Rows that one statement writes: few enough for a progress line several times a second. */
const CHUNK = 20_000;

/** Rows that were written. */
export interface FilledSessions {
  readonly expired: number;
  readonly live: number;
}

/**
 * Fills the table `sessions` up to `count` rows as an application would have over the last weeks: 60 %
 * expired, in no particular order. Rows that are there stay and count. All or nothing, so that a start
 * cut short begins anew. New live ones last for another hour at least.
 */
export async function fillSessions(
  em: EntityManager,
  count: number,
  options: {
    readonly onProgress: (written: number, total: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<FilledSessions> {
  const written = await em.fork().transactional(async (transaction) => {
    const [found] = await transaction.execute<{ expired: string; live: string }[]>(COUNT_SESSIONS);
    const wanted = Math.round(count * EXPIRED_SHARE);
    const expired = Math.max(0, wanted - Number(found?.expired ?? 0));
    const live = Math.max(0, count - wanted - Number(found?.live ?? 0));
    const total = expired + live;
    if (total === 0) return { expired, live };
    await withoutIndexes(transaction, async () => {
      for (let done = 0; done < total; done += CHUNK) {
        options.signal.throwIfAborted();
        const last = Math.min(done + CHUNK, total);
        await transaction.execute(INSERT_SAMPLES, [done + 1, last, expired, total]);
        options.onProgress(last, total);
      }
      options.signal.throwIfAborted();
    });
    return { expired, live };
  });
  // What autovacuum would do a minute later: the planner's statistics, and the visibility map.
  if (written.expired + written.live > 0) await em.fork().execute('vacuum (analyze) sessions');
  return written;
}

const EXPIRED_SHARE = 0.6;

const COUNT_SESSIONS = `
  select count(*) filter (where expires_at <= now()) as expired,
         count(*) filter (where expires_at > now()) as live
  from sessions`;

/**
 * A session lasts for 14 days from when it was last seen. The whole table is in no order of expiry;
 * `order by random()` also mixes the expired with the live ones.
 */
const INSERT_SAMPLES = `
  insert into sessions
    (id, user_id, token_hash, user_agent, ip_address, created_at, last_seen_at, expires_at)
  select gen_random_uuid(),
         'user-' || (1 + floor(random() * 50000))::int,
         encode(sha256(uuid_send(gen_random_uuid())), 'hex'),
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
    select case
             -- True for exactly the expired ones of all rows, spread evenly.
             when number * expired / total > (number - 1) * expired / total then now() - interval '14 days 1 second' - random() * interval '45 days'
             else now() - interval '14 days' + interval '1 hour' + random() * interval '13 days 23 hours'
           end as last_seen
    from generate_series(?::bigint, ?::bigint) as number
    cross join (select ?::bigint as expired, ?::bigint as total) as share
    order by random()
  ) as seen`;
