/** The process of the bystanders; `bystanders.ts` starts it and says what to do. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import type { BystanderKind, BystanderOrder } from './bystanders.ts';
import type { Latency } from './measurement.ts';

/** Between two statements of a connection. Milliseconds. */
const PAUSE = 2;

const [order]: BystanderOrder[] = await once(process, 'message');
if (order !== undefined) process.send?.(await standBy(order));
process.disconnect();

async function standBy({
  url,
  kinds,
  statements,
  keys,
}: BystanderOrder): Promise<Record<BystanderKind, Latency[]>> {
  const clients = await Promise.all(
    kinds.map(async (kind) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return { kind, client };
    }),
  );
  const { rows } = await (clients[0]?.client ?? new pg.Client()).query<{ key: string }>(keys);
  const latencies: Record<BystanderKind, Latency[]> = { renewal: [], read: [], insert: [] };
  let origin = Infinity;
  const stopped = new AbortController();
  process.on('message', (message) => {
    if (message === 'mark') origin = performance.now();
    if (message === 'stop') stopped.abort();
  });
  const work = async (kind: BystanderKind, client: pg.Client, lane: number): Promise<void> => {
    for (let turn = lane; !stopped.signal.aborted; turn += kinds.length) {
      const began = performance.now();
      // Any key, far from the one before.
      const key = rows[(turn * 7_919) % rows.length]?.key;
      await client.query(statements[kind], kind === 'insert' ? [] : [key]);
      const took = performance.now() - began;
      // What began before the mark and lasted beyond it was held up by nobody we measure.
      if (began >= origin) latencies[kind].push([round(began - origin), round(took)]);
      await sleep(PAUSE);
    }
  };
  const working = clients.map(({ kind, client }, lane) => work(kind, client, lane));
  process.send?.('ready');
  await Promise.all(working);
  await Promise.all(clients.map(({ client }) => client.end()));
  return latencies;
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
