/** Clients that use the table while rows are deleted. This file is also their process: nothing else slows them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import type { Latencies, Measurement, Sample } from './results.ts';
import { latencyFigures, thinned } from './statistics.ts';

const STATEMENTS = {
  // By key, whatever the expiry was, as an application's "touch" does: it waits for the rows that a
  // long DELETE has marked.
  renewal: `update sessions set expires_at = now() + interval '14 days' where id = $1`,
  read: 'select * from sessions where id = $1',
  insert: `insert into sessions (user_id, token_hash, expires_at)
    values ('client', md5(random()::text) || md5(random()::text), now() + interval '14 days')`,
};

/** What each client does over and over. */
const CLIENTS = ['renewal', 'renewal', 'read', 'insert'] as const;

/** Between two statements of a client. */
const PAUSE_MILLISECONDS = 2;

type MeasuredLatencies = Pick<Measurement, 'latency' | 'latencies'>;

/** Starts the clients on the table `sessions`, and waits until all of them work. */
export async function startConcurrentClients(
  url: string,
): Promise<{ startMeasuring(): void; stop(): Promise<MeasuredLatencies> }> {
  const child = fork(import.meta.filename, [url], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The concurrent clients ended by themselves (exit code ${String(code)}).`);
  });
  failed.catch(() => undefined);
  await Promise.race([once(child, 'message'), failed]);
  return {
    startMeasuring: () => {
      child.send('start');
    },
    stop: async () => {
      child.send('stop');
      const [latencies]: Latencies[] = await Promise.race([once(child, 'message'), failed]);
      if (latencies === undefined) throw new Error('The concurrent clients reported nothing.');
      const { renewal, read, insert } = latencies;
      return {
        latency: latencyFigures(latencies),
        latencies: {
          renewal: thinned(renewal, 25),
          read: thinned(read, 25),
          insert: thinned(insert, 25),
        },
      };
    },
  };
}

if (process.argv[1] === import.meta.filename) await useTable(process.argv[2]);

async function useTable(connectionString: string | undefined): Promise<void> {
  const latencies: Record<keyof Latencies, Sample[]> = { renewal: [], read: [], insert: [] };
  let started = Infinity;
  const stopped = new AbortController();
  process.on('message', (message) => {
    if (message === 'start') started = performance.now();
    if (message === 'stop') stopped.abort();
  });
  const pool = new pg.Pool({ connectionString, max: CLIENTS.length });
  const { rows: keys } = await pool.query<{ id: string }>(
    'select id::text from sessions tablesample system (1)',
  );
  const clients = await Promise.all(CLIENTS.map(() => pool.connect()));
  const working = CLIENTS.map(async (kind, index) => {
    for (let turn = index; !stopped.signal.aborted; turn += CLIENTS.length) {
      const began = performance.now();
      // Any key, far from the previous one.
      const key = keys[(turn * 7_919) % keys.length]?.id;
      await clients[index]?.query(STATEMENTS[kind], kind === 'insert' ? [] : [key]);
      const took = performance.now() - began;
      // The deletion alone did not delay a statement that began before it.
      if (began >= started) latencies[kind].push([round(began - started), round(took)]);
      await sleep(PAUSE_MILLISECONDS);
    }
    clients[index]?.release();
  });
  process.send?.('working');
  await Promise.all(working);
  await pool.end();
  process.send?.(latencies);
  process.disconnect();
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
