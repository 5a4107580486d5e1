/** A fresh copy of a template, the same for every contender. */
import type { BenchServers } from './servers.ts';
import { deadlineOf, type TableShape } from './table-shape.ts';

/** Where one run takes place. */
export interface Arena {
  readonly servers: BenchServers;
  readonly database: string;
  readonly url: string;
  readonly shape: TableShape;
  /** Rows must have expired by this instant; ISO 8601 with microseconds. */
  readonly deadline: string;
  /** Rows that had, before the run. */
  readonly expiredRows: number;
}

const DATABASE = 'bench';

/** Copies the template file by file, writes everything out, and reads the table once to warm it up. */
export async function openArena(
  servers: BenchServers,
  template: string,
  shape: TableShape,
  share: number,
): Promise<Arena> {
  await servers.execute(`drop database if exists ${DATABASE} with (force)`);
  const [server] = await servers.execute<{ chooses: boolean }>(
    `select current_setting('server_version_num')::int >= 150000 as chooses`,
  );
  // Older ones know no other way than this.
  const strategy = server?.chooses === true ? 'strategy file_copy' : '';
  await servers.execute(`create database ${DATABASE} template ${template} ${strategy}`);
  await servers.execute('checkpoint');
  const [bound] = await servers.execute<{ deadline: string; live: string; expired: number }>(
    `with bound as (select ${deadlineOf(shape, share)} as deadline)
     select to_char(deadline at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as deadline,
       count(*) filter (where ${shape.expiry} <= deadline)::int as expired
     from bound, ${shape.table} group by deadline`,
    DATABASE,
  );
  if (bound === undefined) throw new Error('The template is empty.');
  return {
    servers,
    database: DATABASE,
    url: servers.urlOf(DATABASE),
    shape,
    deadline: bound.deadline,
    expiredRows: bound.expired,
  };
}

/** Rows that had expired by the deadline and are still there. */
export async function countLeft({ servers, database, shape, deadline }: Arena): Promise<number> {
  const [row] = await servers.execute<{ count: number }>(
    `select count(*)::int as count from ${shape.table} where ${shape.expiry} <= '${deadline}'`,
    database,
  );
  return row?.count ?? 0;
}
