/** What PostgreSQL's statements cost, by `pg_stat_statements`. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { renderTable } from '../../src/cli/rendering/table.ts';
import type { BenchServers } from './servers.ts';

const COSTS = `
  select calls::text, round(total_exec_time)::text as "total ms", round(mean_exec_time::numeric, 3)::text as "mean ms",
    (shared_blks_hit + shared_blks_read)::text as blocks, round(wal_bytes / 1e6)::text as "WAL MB",
    left(regexp_replace(query, '\\s+', ' ', 'g'), 160) as statement
  from pg_stat_statements order by total_exec_time desc limit 40`;

export async function beginProfile(servers: BenchServers): Promise<void> {
  await servers.execute('create extension if not exists pg_stat_statements');
  await servers.execute('select pg_stat_statements_reset()');
}

/** Writes the statements that took the most time, over all contenders, into `statements.txt`. */
export async function endProfile(servers: BenchServers, folder: string): Promise<void> {
  const rows = await servers.execute<Record<string, string>>(COSTS);
  const columns = Object.keys(rows[0] ?? {}).map((title) =>
    title === 'statement' ? { title } : { title, align: 'right' as const },
  );
  await mkdir(folder, { recursive: true });
  const table = renderTable(columns, rows.map(Object.values<string>));
  await writeFile(path.join(folder, 'statements.txt'), `${table}\n`);
}
