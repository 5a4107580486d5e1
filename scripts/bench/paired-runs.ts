/** Runs contenders in turn (A B A B …), each on a fresh copy of the same table. */
import { startConcurrentClients } from './concurrent-clients.ts';
import type { Contender, TimedOptions } from './contender.ts';
import { cpuSeconds, sampleMemory } from './process-usage.ts';
import type { Latencies, Measurement, Outcome, Series, Setting } from './results.ts';
import type { BenchServers } from './servers.ts';
import { latencyFigures, thinned } from './statistics.ts';
import { copyTemplate, type TableCopy } from './templates.ts';

/** What to compare, and what to measure besides the time. */
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
  say: (message: string) => void,
): Promise<Series> {
  const { name, setting, contenders, pairs } = plan;
  const measurements: Measurement[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    for (const contender of contenders) {
      const copy = await copyTemplate(servers, setting);
      await contender.run(copy, async (work, options = {}) => {
        const measured = await measure(plan, copy, work, options);
        const measurement = { pair, contender: contender.name, ...measured };
        await checkDeletion(plan, copy, measurement, options);
        say(describe(measurement));
        measurements.push(measurement);
      });
    }
  }
  return { case: name, setting, baseline: contenders[0]?.name ?? '', measurements };
}

async function measure(
  { measured }: PairedRuns,
  { servers, url }: TableCopy,
  work: () => Promise<Outcome>,
  { pid }: TimedOptions,
): Promise<Omit<Measurement, 'contender' | 'pair'>> {
  if (measured === 'time only') {
    const began = performance.now();
    const outcome = await work();
    return { seconds: (performance.now() - began) / 1_000, wal: 0, ...outcome };
  }
  const clients = measured === 'latency' ? await startConcurrentClients(url) : undefined;
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
  return {
    seconds,
    wal: (await walPosition(servers)) - walBefore,
    // It would include the clients' part.
    processor: Number.isNaN(processor) || clients !== undefined ? undefined : processor,
    ...outcome,
    latency: latencies && latencyFigures(latencies),
    latencies: latencies && thinnedLatencies(latencies),
    memory: samples && thinned(samples, 250),
  };
}

function thinnedLatencies({ renewal, read, insert }: Latencies): Latencies {
  return { renewal: thinned(renewal, 25), read: thinned(read, 25), insert: thinned(insert, 25) };
}

/** A contender that leaves expired rows, or counts wrongly, is not faster but wrong. */
async function checkDeletion(
  { measured }: PairedRuns,
  { servers, database, shape: { table, expiry }, deadline, expiredRows }: TableCopy,
  { contender, deleted }: Measurement,
  { expectedRows = expiredRows }: TimedOptions,
): Promise<void> {
  if (measured === 'time only') return;
  const [row] = await servers.execute<{ left: number }>(
    `select count(*)::int as left from ${table} where ${expiry} <= '${deadline}'`,
    database,
  );
  // Concurrent clients renew some of the expired rows.
  const isExact = measured === 'latency' || (deleted ?? expectedRows) === expectedRows;
  if (row?.left === 0 && isExact) return;
  throw new Error(
    `${contender}: deleted ${String(deleted)} of ${String(expectedRows)} expired rows and left ${String(row?.left)}.`,
  );
}

async function walPosition(servers: BenchServers): Promise<number> {
  const [row] = await servers.execute<{ bytes: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
  );
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
