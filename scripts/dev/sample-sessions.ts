/** Sample rows for a table that the development environment created. */
import type { EntityManager } from '@mikro-orm/postgresql';

import { countText, durationText, numberText } from '../../src/contract/text.ts';
import type { Terminal } from './output.ts';

/** Rows per statement: few enough to update a progress line several times a second. */
const CHUNK = 20_000;

/**
 * Fills the table `sessions` up to `count` rows, 60 % of them expired, in no particular order, as an
 * application would have after some weeks. Existing rows count. All in one transaction, so that an
 * interrupted start leaves nothing. New live rows stay live for at least an hour.
 */
export async function fillSessions(
  em: EntityManager,
  count: number,
  { log, progress }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const { expired, live } = await em.fork().transactional(async (transaction) => {
    const [found] = await transaction.execute<{ expired: string; live: string }[]>(COUNT_SESSIONS);
    const wanted = Math.round(count * EXPIRED_SHARE);
    const expired = Math.max(0, wanted - Number(found?.expired ?? 0));
    const live = Math.max(0, count - wanted - Number(found?.live ?? 0));
    const total = expired + live;
    if (total === 0) return { expired, live };
    // Building the indexes afterwards is many times faster than updating them in random order.
    const indexes = await transaction.execute<IndexStatements[]>(INDEXES);
    for (const { drop } of indexes) await transaction.execute(drop);
    for (let done = 0; done < total; done += CHUNK) {
      signal.throwIfAborted();
      progress.show(`Filling     ${numberText(done)} of ${countText(total, 'session')}`);
      const last = Math.min(done + CHUNK, total);
      await transaction.execute(INSERT_SAMPLES, [done + 1, last, expired, total]);
    }
    signal.throwIfAborted();
    progress.show(`Indexing    ${countText(total, 'session')}`);
    for (const { create } of indexes) await transaction.execute(create);
    return { expired, live };
  });
  if (expired + live === 0) {
    log(`Sessions    no sample rows written: the table has ${countText(count, 'row')} or more`);
    return;
  }
  // What autovacuum would do a minute later: the planner's statistics and the visibility map.
  await em.fork().execute('vacuum (analyze) sessions');
  const duration = durationText((performance.now() - started) / 1_000);
  log(
    `Sessions    ${numberText(expired)} expired and ${numberText(live)} live sample rows written in ${duration}`,
  );
}

/** The statements that drop an index and create it again. */
export interface IndexStatements {
  readonly drop: string;
  readonly create: string;
}

/** Query for the {@link IndexStatements} of each index of `sessions`: constraints first. */
export const INDEXES = `
  select format('alter table sessions drop constraint %I', conname) as drop,
         format('alter table sessions add constraint %I %s', conname, pg_get_constraintdef(oid)) as create
  from pg_constraint
  where conrelid = 'sessions'::regclass and contype in ('p', 'u')
  union all
  select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
  from pg_index
  where indrelid = 'sessions'::regclass
    and indexrelid not in (select conindid from pg_constraint where conrelid = 'sessions'::regclass)`;

/** Share of the sample rows that have expired. */
export const EXPIRED_SHARE = 0.6;

const COUNT_SESSIONS = `
  select count(*) filter (where expires_at <= now()) as expired,
         count(*) filter (where expires_at > now()) as live
  from sessions`;

/**
 * A session expires 14 days after it was last seen. `order by random()` mixes expired and live rows.
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
             -- True for exactly as many of all rows, spread evenly.
             when number * expired / total > (number - 1) * expired / total then now() - interval '14 days 1 second' - random() * interval '45 days'
             else now() - interval '14 days' + interval '1 hour' + random() * interval '13 days 23 hours'
           end as last_seen
    from generate_series(?::bigint, ?::bigint) as number
    cross join (select ?::bigint as expired, ?::bigint as total) as share
    order by random()
  ) as seen`;
