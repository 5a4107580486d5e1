/** The clean-up of sessions that a real library wrote, by its preset. */
import { expect } from 'vitest';

import type { SessionStore } from '../../scripts/dev/stores/session-store.ts';
import { migrateDatabase } from '../../src/cli/database.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { quoteTable } from '../../src/database/sql.ts';
import { openCleaner } from './cleaner.ts';
import type { TestDatabase } from './test-database.ts';

/** The zone of the database in these tests. Libraries that write times without a zone use it. */
const STORE_ZONE = 'America/New_York';

/** Of sessions that have expired, and of sessions that have not. */
const SESSIONS = 20;

const HOUR = 3_600_000;

interface StoreTest {
  readonly preset: string;
  /** Opens the library on the database, where it creates its tables. */
  open(database: TestDatabase): Promise<SessionStore>;
  /** Whether it writes times in the zone of its connections. */
  readonly writesLocalTime?: boolean;
  /** Rows of the target's table for each session that has expired; 1 by default. */
  readonly rowsPerSession?: number;
}

/**
 * Has the library write sessions, cleans by the preset, and expects that all expired sessions are gone, that the count
 * agrees, and that the library accepts every other one.
 *
 * @param database - an empty one, which gets {@link STORE_ZONE}
 */
export async function expectExactCleanUp(
  database: TestDatabase,
  { preset, open, writesLocalTime = false, rowsPerSession = 1 }: StoreTest,
): Promise<void> {
  const config = loadConfig({
    DATABASE_URL: database.url,
    SESSION_CLEANUP_PRESET: preset,
    ...(writesLocalTime ? { SESSION_CLEANUP_TIME_ZONE: STORE_ZONE } : {}),
  });
  const [rule] = config.targets;
  if (rule === undefined) throw new Error(`The preset ${preset} has no target.`);
  // How long expired rows are kept is not the subject here.
  const target = { ...rule, graceSeconds: 0, approvalShare: null };
  const countRows = async (): Promise<number> => {
    const [row] = await database.sql<{ rows: number }>(
      `select count(*)::int as rows from ${quoteTable(target)}`,
    );
    return row?.rows ?? 0;
  };

  await database.sql(`alter database ${database.name} set timezone = '${STORE_ZONE}'`);
  await migrateDatabase(config);
  await using store = await open(database);
  const live: string[] = [];
  for (let hours = 1; hours <= SESSIONS; hours += 1) {
    await store.write(new Date(Date.now() - hours * HOUR));
    live.push(await store.write(new Date(Date.now() + hours * HOUR)));
  }
  const rows = await countRows();

  // Only now, since some libraries refuse to work with any style but ISO.
  await database.sql(`alter database ${database.name} set datestyle = 'German'`);
  await using cleaner = openCleaner(database, { target });
  const deletedCount = SESSIONS * rowsPerSession;
  const { eligibleRows } = await cleaner.preview();
  // Rows that a reference keeps have expired as well.
  if (!target.unlessReferenced) expect(eligibleRows).toBe(deletedCount);
  expect(await cleaner.clean()).toMatchObject({ deletedCount, skippedLocked: 0 });
  await database.sql(`alter database ${database.name} reset datestyle`);

  expect(await countRows()).toBe(rows - deletedCount);
  for (const id of live) expect(await store.accepts(id)).toBe(true);
}
