/** Runs contenders in turn (A B A B …), each on a fresh copy of the same table. */
import { startConcurrentClients } from './concurrent-clients.ts';
import type { Contender, TimedOptions } from './contender.ts';
import { cpuSeconds, sampleMemory } from './process-usage.ts';
import type { Measurement, Outcome, Series, Setting } from './results.ts';
import type { BenchServers } from './servers.ts';
import { expiredBy } from './table-shapes.ts';
import { copyTemplate, type TableCopy } from './templates.ts';

export interface PairedRuns {
  readonly name: string;
  readonly setting: Setting;
  /** The others are compared with the first one. */
  readonly contenders: readonly Contender[];
  readonly pairs: number;
  /**
   * Besides time, WAL and CPU time: the memory of contenders that are processes of their own, or the
   * latency of concurrent clients. `time only` does not expect that anything is deleted.
   */
  readonly measured?: 'time only' | 'memory' | 'latency';
}

/**
 * Runs and measures all contenders, and reports each measurement.
 *
 * @throws Unavailable when a contender cannot take part here
 */
export async function runInPairs(
  servers: BenchServers,
  plan: PairedRuns,
  log: (message: string) => void,
): Promise<Series> {
  const { name, setting, contenders, pairs } = plan;
  const measurements: Measurement[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    for (const contender of contenders) {
      const copy = await copyTemplate(servers, setting);
      await contender.run(copy, async (work, options = {}) => {
        const measured = await measure(plan, copy, contender.name, work, options);
        const measurement = { pair, ...measured };
        log(describe(measurement));
        measurements.push(measurement);
      });
    }
  }
  return { case: name, setting, baseline: contenders[0]?.name ?? '', measurements };
}

/** @throws Error when a contender leaves expired rows or counts wrongly: it is not faster but wrong. */
async function measure(
  { measured }: PairedRuns,
  copy: TableCopy,
  contender: string,
  work: () => Promise<Outcome>,
  { pid, expectedRows = copy.expiredRows }: TimedOptions,
): Promise<Omit<Measurement, 'pair'>> {
  const { servers } = copy;
  if (measured === 'time only') {
    const began = performance.now();
    const outcome = await work();
    return { contender, seconds: (performance.now() - began) / 1_000, wal: 0, ...outcome };
  }
  const clients = measured === 'latency' ? await startConcurrentClients(copy.url) : undefined;
  const memory = measured === 'memory' && pid !== undefined ? sampleMemory(pid) : undefined;
  const pids = [...servers.pids, ...(pid === undefined ? [] : [pid])];
  const walBefore = await walPosition(servers);
  const cpuBefore = cpuSeconds(pids);
  const began = performance.now();
  clients?.startMeasuring();
  const outcome = await work();
  const seconds = (performance.now() - began) / 1_000;
  const processor = cpuSeconds(pids) - cpuBefore;
  const latencies = await clients?.stop();
  const samples = memory?.stop();
  const wal = (await walPosition(servers)) - walBefore;
  const left = await countExpired(copy);
  // Concurrent clients renew some of the expired rows.
  const expected = clients === undefined ? expectedRows : outcome.deleted;
  if (left !== 0 || (outcome.deleted ?? expected) !== expected) {
    const { deleted = 'an unknown number' } = outcome;
    throw new Error(`${contender}: deleted ${deleted} of ${expectedRows} rows and left ${left}.`);
  }
  // The clients' CPU time would be part of it.
  const ownProcessor = clients === undefined ? { processor } : {};
  const shared = { contender, seconds, wal, ...ownProcessor };
  return { ...shared, ...outcome, ...latencies, memory: samples };
}

async function countExpired({ servers, database, shape, deadline }: TableCopy): Promise<number> {
  const query = `select count(*)::int from ${shape.table} where ${expiredBy(shape, `'${deadline}'`)}`;
  const [row] = await servers.execute<{ count: number }>(query, database);
  return row?.count ?? Number.NaN;
}

async function walPosition(servers: BenchServers): Promise<number> {
  const query = `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`;
  const [row] = await servers.execute<{ bytes: string }>(query);
  return Number(row?.bytes);
}

function describe({ pair, contender, ...measured }: Measurement): string {
  const { seconds, deleted, way, waits = [], latency } = measured;
  const parts = [
    `${seconds.toFixed(3)} s`,
    ...(deleted === undefined ? [] : [`${String(deleted)} rows`]),
    ...(way === undefined ? [] : [way]),
    ...(latency === undefined ? [] : [`longest stall ${latency.longest.toFixed(0)} ms`]),
    ...waits.map((wait) => `waited ${String(wait.seconds)} s: ${wait.reason}`),
  ];
  return `  ${String(pair)}. ${contender.padEnd(26)} ${parts.join(', ')}`;
}
