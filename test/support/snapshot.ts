/** Compares the table after a run with its rows before. */
import type { SessionMix } from './sessions.ts';
import { fillSessions } from './sessions.ts';
import type { TestDatabase } from './test-database.ts';

/** The remembered rows after a run. */
export interface SnapshotComparison {
  /** Rows that had expired and are gone. */
  readonly expiredGone: number;
  /** Rows that had expired and are still there. */
  readonly expiredLeft: number;
  /** Live rows that are gone: must be 0, always. */
  readonly liveGone: number;
}

/** Fills the table and remembers every row of it. */
export async function fillAndSnapshot(database: TestDatabase, mix: SessionMix): Promise<void> {
  await fillSessions(database, mix);
  await takeSnapshot(database);
}

/** Remembers every row that is in the table now, and whether it has expired. */
export async function takeSnapshot(database: TestDatabase): Promise<void> {
  await database.sql('drop table if exists session_snapshot');
  await database.sql(
    'create table session_snapshot as select id, expires_at <= now() as has_expired from sessions',
  );
}

/** Compares the table with what was remembered. */
export async function compareWithSnapshot(database: TestDatabase): Promise<SnapshotComparison> {
  const [row] = await database.sql<{ gone: number; left: number; lost: number }>(
    `select count(*) filter (where has_expired and sessions.id is null)::int as gone,
            count(*) filter (where has_expired and sessions.id is not null)::int as left,
            count(*) filter (where not has_expired and sessions.id is null)::int as lost
     from session_snapshot left join sessions using (id)`,
  );
  if (row === undefined) throw new Error('A count without a row.');
  return { expiredGone: row.gone, expiredLeft: row.left, liveGone: row.lost };
}
