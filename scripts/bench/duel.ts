/** Contenders in turn (A B A B …), each on a fresh copy of the same data. */
import { countLeft, openArena, type Arena } from './arena.ts';
import { watchBystanders, type BystanderKind } from './bystanders.ts';
import type { Contender } from './contender.ts';
import type { Measurement, Series, Setting } from './measurement.ts';
import { processorSeconds } from './processor-time.ts';
import { watchMemory } from './resident-memory.ts';
import type { BenchServers } from './servers.ts';
import type { TableShape } from './table-shape.ts';
import { feltIn } from './statistics.ts';
import { ensureTemplate } from './templates.ts';

/** What is to be compared. */
export interface Duel {
  readonly name: string;
  readonly shape: TableShape;
  readonly setting: Omit<Setting, 'shape'>;
  /** The first one is what the others are compared with. */
  readonly contenders: readonly Contender[];
  readonly pairs: number;
  /** Lets four others use the table meanwhile. */
  readonly bystanders?: readonly BystanderKind[];
  /** Watches the memory of contenders that are processes of their own. */
  readonly memory?: boolean;
}

/** Runs the duel and tells of each run as it ends. */
export async function runDuel(
  servers: BenchServers,
  duel: Duel,
  say: (message: string) => void,
): Promise<Series> {
  const { shape, setting, contenders } = duel;
  const template = await ensureTemplate(servers, { shape, ...setting });
  const measurements: Measurement[] = [];
  for (let pair = 1; pair <= duel.pairs; pair += 1) {
    for (const contender of contenders) {
      const arena = await openArena(servers, template, shape, setting.expired);
      const measurement = { pair, ...(await measure(duel, arena, contender)) };
      say(describe(measurement));
      measurements.push(measurement);
    }
  }
  return {
    case: duel.name,
    setting: { shape: shape.name, ...setting },
    baseline: contenders[0]?.name ?? '',
    measurements,
  };
}

async function measure(
  duel: Duel,
  arena: Arena,
  contender: Contender,
): Promise<Omit<Measurement, 'pair'>> {
  await using ready = await contender.prepare(arena);
  const bystanders =
    duel.bystanders === undefined ? undefined : await watchBystanders(arena, duel.bystanders);
  const memory =
    duel.memory === true && ready.pid !== undefined ? watchMemory(ready.pid) : undefined;
  const walBefore = await walPosition(arena);
  const pids = [...arena.servers.pids, ...(ready.pid === undefined ? [] : [ready.pid])];
  const processorBefore = processorSeconds(pids);
  const began = performance.now();
  bystanders?.mark();
  const outcome = await ready.run();
  const seconds = (performance.now() - began) / 1_000;
  const processorAfter = processorSeconds(pids);
  const bystanding = await bystanders?.stop();
  const samples = memory?.stop();
  const wal = (await walPosition(arena)) - walBefore;
  const expected = ready.expectedRows ?? arena.expiredRows;
  await check(arena, `${contender.name} (${String(outcome.deleted)} rows)`, {
    // Bystanders renew some rows that had expired, and who does not tell cannot miscount.
    isExact:
      bystanding !== undefined || outcome.deleted === undefined || outcome.deleted === expected,
    expected,
  });
  return {
    contender: contender.name,
    seconds,
    wal,
    // Others' processor time would be in it.
    ...(processorBefore === undefined || processorAfter === undefined || bystanding !== undefined
      ? {}
      : { processor: processorAfter - processorBefore }),
    ...outcome,
    ...(bystanding === undefined ? {} : { felt: feltIn(bystanding), bystanding }),
    ...(samples === undefined ? {} : { memory: samples }),
  };
}

/** A way that leaves rows behind, or miscounts, is not faster but wrong. */
async function check(
  arena: Arena,
  what: string,
  { isExact, expected }: { readonly isExact: boolean; readonly expected: number },
): Promise<void> {
  const left = await countLeft(arena);
  if (left === 0 && isExact) return;
  throw new Error(
    `${what} should have deleted ${String(expected)} rows, and left ${String(left)}.`,
  );
}

async function walPosition({ servers }: Arena): Promise<number> {
  const [row] = await servers.execute<{ bytes: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
  );
  return Number(row?.bytes ?? 0);
}

function describe({ pair, contender, seconds, deleted, way, waits, felt }: Measurement): string {
  const told = [
    `${seconds.toFixed(3)} s`,
    ...(deleted === undefined ? [] : [`${String(deleted)} rows`]),
    ...(way === undefined ? [] : [way]),
    ...(felt === undefined ? [] : [`longest stall ${felt.longest.toFixed(0)} ms`]),
    ...(waits ?? []).map((wait) => `waited ${String(wait.seconds)} s: ${wait.reason}`),
  ];
  return `  ${String(pair)}. ${contender.padEnd(26)} ${told.join(', ')}`;
}
