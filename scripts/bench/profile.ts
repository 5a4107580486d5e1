/** Where the time goes: the worker's CPU profiles and what PostgreSQL says of its statements. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { renderTable } from '../../src/commands/rendering/table.ts';
import type { BenchServers } from './servers.ts';

interface StatementCost {
  readonly calls: string;
  readonly total: string;
  readonly mean: string;
  readonly blocks: string;
  readonly wal: string;
  readonly text: string;
}

/** Flags with which Node writes a CPU profile when the worker ends; none without a folder. */
export function profileFlags(folder: string | undefined): readonly string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** Begins to count statements anew. */
export async function beginProfile(servers: BenchServers): Promise<void> {
  await servers.execute('create extension if not exists pg_stat_statements');
  await servers.execute('select pg_stat_statements_reset()');
}

/** Writes the statements that took the most time, over all contenders, into `statements.txt`. */
export async function endProfile(servers: BenchServers, folder: string): Promise<void> {
  const rows = await servers.execute<StatementCost & Record<string, string>>(COSTS);
  const numbers = ['calls', 'total ms', 'mean ms', 'blocks', 'WAL MB'];
  const table = renderTable(
    [...numbers.map((title) => ({ title, align: 'right' as const })), { title: 'statement' }],
    rows.map(({ calls, total, mean, blocks, wal, text }) => [
      calls,
      total,
      mean,
      blocks,
      wal,
      text,
    ]),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'statements.txt'), `${table}\n`);
}

const COSTS = `
  select calls::text, round(total_exec_time)::text as total, round(mean_exec_time::numeric, 3)::text as mean,
    (shared_blks_hit + shared_blks_read)::text as blocks, round(wal_bytes / 1e6)::text as wal,
    left(regexp_replace(query, '\\s+', ' ', 'g'), 160) as text
  from pg_stat_statements order by total_exec_time desc limit 40`;
