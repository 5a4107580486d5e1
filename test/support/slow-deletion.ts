/** Slows deletions, so that a test can act in the middle of a run. */
import type { TestDatabase } from './test-database.ts';

/**
 * From here on one connection deletes about so many rows a second from `sessions`. PostgreSQL sleeps
 * for whole milliseconds, and then takes about two, so it is now and then that a row waits.
 */
export async function slowDownDeletions(
  database: TestDatabase,
  rowsPerSecond: number,
): Promise<void> {
  const share = Math.min(1, 500 / rowsPerSecond);
  await database.sql(`create or replace function slow_down() returns trigger language plpgsql as
    $$ begin if random() < ${share} then perform pg_sleep(0.001); end if; return old; end $$`);
  await database.sql('drop trigger if exists slow_down on sessions');
  await database.sql(
    'create trigger slow_down before delete on sessions for each row execute function slow_down()',
  );
}

/** Removes the delay, also for a running clean-up: that needs no lock. */
export async function hurryDeletions(database: TestDatabase): Promise<void> {
  await database.sql(`create or replace function slow_down() returns trigger language plpgsql as
    $$ begin return old; end $$`);
}
