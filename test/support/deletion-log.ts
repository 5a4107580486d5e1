/** An independent record: the database itself logs which connection deleted which row. */
import type { TestDatabase } from './test-database.ts';

/** The name under which the clean-up's connections are known to the server. */
export const CLEANER = 'session-cleanup';

/**
 * Logs each row deleted from `sessions` from now on, once, with the name of the connection it
 * came by, its role and the moment, in the deletion's own transaction.
 */
export async function logDeletions(database: TestDatabase): Promise<void> {
  await database.sql(`create table deletion_log (
    id uuid primary key, by text not null, role text not null default current_user,
    at timestamptz not null default clock_timestamp())`);
  await database.sql(`create function log_deletions() returns trigger language plpgsql as $$ begin
    insert into deletion_log (id, by) select id, current_setting('application_name') from gone;
    return null; end $$`);
  await database.sql(`create trigger log_deletions after delete on sessions
    referencing old table as gone for each statement execute function log_deletions()`);
}

/** How many rows connections of that name have removed. */
export async function deletedBy(database: TestDatabase, name: string): Promise<number> {
  const [row] = await database.sql<{ count: number }>(
    'select count(*)::int as count from deletion_log where by = $1',
    [name],
  );
  return row?.count ?? 0;
}
