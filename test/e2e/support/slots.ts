/** Yesterday's slots of the schedule, and sessions that expired between them. */
import type { TestDatabase } from '../../support/test-database.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const YESTERDAY = Math.floor(Date.now() / DAY) * DAY - DAY;

/** Yesterday's slots of a schedule that runs every six hours. */
export const SLOTS: readonly Date[] = [0, 6, 12, 18].map(
  (hour) => new Date(YESTERDAY + hour * HOUR),
);

/** A past range that holds all of them, and no other. */
export const PAST_RANGE = {
  from: new Date(YESTERDAY),
  to: new Date(YESTERDAY + 23 * HOUR),
};

/** Rows left of each group, by the name of the group. */
export interface RowsLeft {
  /** Of those that had expired by a slot, and not by the one before. */
  readonly bySlot: readonly number[];
  /** Of those that expired after the last slot. */
  readonly later: number;
  readonly live: number;
}

/** Fills the table with so many rows of each group: the four slots', later ones, and live ones. */
export async function fillSlots(database: TestDatabase, rows: number): Promise<void> {
  const ends = [...SLOTS, new Date(YESTERDAY + DAY)];
  for (const [index, end] of ends.entries()) {
    // The first row of each group expires in the very instant of its slot, and belongs to it.
    await insert(
      database,
      rows,
      index,
      `$3::timestamptz - (number - 1) * interval '1 second'`,
      end,
    );
  }
  // Some of them within the hour to come, which is the range that the Web UI's form offers.
  const live = `$3::timestamptz + number * interval '12 seconds' + interval '3 minutes'`;
  await insert(database, rows, ends.length, live, new Date());
  await database.sql('vacuum analyze sessions');
}

async function insert(
  database: TestDatabase,
  rows: number,
  group: number,
  expiry: string,
  instant: Date,
): Promise<void> {
  await database.sql(
    `insert into sessions (user_id, token_hash, created_at, last_seen_at, expires_at)
     select 'group-' || $2::int, encode(sha256(gen_random_uuid()::text::bytea), 'hex'),
            now() - interval '30 days', now() - interval '10 days', ${expiry}
     from generate_series(1, $1::int) as number`,
    [rows, group, instant],
  );
}

/** Counts what is left of each group. */
export async function countLeft(database: TestDatabase): Promise<RowsLeft> {
  const rows = await database.sql<{ group: string; count: number }>(
    `select user_id as group, count(*)::int as count from sessions group by user_id`,
  );
  const left = (group: number): number =>
    rows.find((row) => row.group === `group-${group}`)?.count ?? 0;
  return {
    bySlot: SLOTS.map((_slot, index) => left(index)),
    later: left(SLOTS.length),
    live: left(SLOTS.length + 1),
  };
}
