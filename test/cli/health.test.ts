import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:net';

import { describe, expect, vi } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { test } from '../support/fixtures.ts';
import { fillSessions } from '../support/sessions.ts';
import { listen } from '../support/taken-port.ts';
import { startWorker } from '../support/worker-process.ts';
import { environmentFor, runCommand, runJson, startCommand } from './command-process.ts';
import { createForwarder } from './forwarder.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const STARTED = 'session_cleanup_worker_started';
const ADDRESS = 'SESSION_CLEANUP_HEALTH_ADDRESS';

describe('a worker with a health address', () => {
  test('becomes ready, and the command reports what the paths report', async ({
    database,
    temporal,
  }) => {
    const address = await freeAddress();
    const environment = { ...environmentFor(database, temporal), [ADDRESS]: address };
    await using worker = startCommand(['worker'], environment);
    await worker.untilWritten(STARTED);
    await expect.poll(() => statusesAt(address)).toEqual([200, 200, 200]);
    const response = await fetch(`http://${address}/readyz`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ ok: true, state: 'running' });
    expect((await fetch(`http://${address}/`)).status).toBe(404);
    expect((await fetch(`http://${address}/livez`, { method: 'POST' })).status).toBe(405);

    const setting = { [ADDRESS]: address.replace('127.0.0.1', '0.0.0.0') };
    expect(await runCommand(['health'], setting)).toEqual({
      exitCode: 0,
      stdout: 'live: running\n',
      stderr: '',
    });
    expect(await runJson(['health', '--probe', 'ready', '--address', address])).toEqual({
      exitCode: 0,
      result: { probe: 'ready', ok: true, state: 'running' },
    });
  });

  test('stays live and ready while the database and Temporal are down', async ({
    database,
    temporal,
  }) => {
    const address = await freeAddress();
    await using databaseProxy = await createForwarder(database.url);
    await using temporalProxy = await createForwarder(`http://${temporal.address}`);
    await databaseProxy.open();
    await temporalProxy.open();
    await using worker = startCommand(['worker'], {
      ...environmentFor({ url: databaseProxy.url }, temporal),
      TEMPORAL_ADDRESS: new URL(temporalProxy.url).host,
      [ADDRESS]: address,
    });
    await worker.untilWritten(STARTED);
    await expect.poll(() => statusesAt(address)).toEqual([200, 200, 200]);
    await databaseProxy[Symbol.asyncDispose]();
    await temporalProxy[Symbol.asyncDispose]();
    // The SDK reports that its polls fail.
    await worker.untilWritten('"level":"warn"');
    for (let second = 0; second < 5; second += 1) {
      expect(await statusesAt(address)).toEqual([200, 200, 200]);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  });

  test('is live and started, not ready, while it waits for Temporal, and says why', async ({
    database,
    temporal,
  }) => {
    const address = await freeAddress();
    await using proxy = await createForwarder(`http://${temporal.address}`);
    const { host } = new URL(proxy.url);
    await using worker = startCommand(['worker'], {
      ...environmentFor(database, temporal),
      TEMPORAL_ADDRESS: host,
      [ADDRESS]: address,
    });
    await worker.untilWritten('session_cleanup_temporal_unavailable');
    expect(await statusesAt(address)).toEqual([200, 503, 200]);
    const ready = await runCommand(['health', '--probe', 'ready', '--address', address]);
    expect(ready.exitCode).toBe(1);
    expect(ready.stdout).toContain(`not ready: waiting. Temporal cannot be reached at ${host}`);

    await proxy.open();
    await worker.untilWritten(STARTED);
    await expect.poll(() => statusesAt(address)).toEqual([200, 200, 200]);
  });

  test('is not ready from SIGTERM on, and closes the port when all else has ended', async ({
    database,
    temporal,
  }) => {
    // A single row, since it may take that long.
    await fillSessions(database, { expired: 1, live: 5 });
    await database.sql(
      `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(5); return old; end $$`,
    );
    await database.sql(
      'create trigger slow before delete on sessions for each row execute function slow()',
    );
    const address = await freeAddress();
    const environment = environmentFor(database, temporal);
    await using worker = startCommand(['worker'], { ...environment, [ADDRESS]: address });
    await worker.untilWritten(STARTED);
    await runCommand(['run', 'start', '--no-wait'], environment);
    const sleeping = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'
      and clock_timestamp() - query_start > interval '1 second'`;
    await expect.poll(() => database.sql(sleeping), { timeout: 30_000 }).toHaveLength(1);
    await expect.poll(() => statusesAt(address)).toEqual([200, 200, 200]);
    // An open connection that asks for nothing must not hold up the end.
    const [host = '', port = ''] = address.split(':');
    const idle = connect(Number(port), host).on('error', () => undefined);

    worker.signal('SIGTERM');
    await worker.untilWritten('session_cleanup_worker_stopping');
    expect(await statusesAt(address)).toEqual([200, 503, 200]);
    expect((await worker.ended).exitCode).toBe(0);
    idle.destroy();
    await expect(fetch(`http://${address}/livez`)).rejects.toThrow('fetch failed');
  });
});

test('a worker whose health address is in use ends at once, and names the setting', async ({
  database,
  temporal,
}) => {
  await using other = await listen();
  const ended = await runCommand(['worker'], {
    ...environmentFor(database, temporal),
    [ADDRESS]: `127.0.0.1:${other.port}`,
  });
  expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
  expect(ended.stderr).toContain(`${ADDRESS}: cannot listen on 127.0.0.1:${other.port}`);
});

test.runIf(process.platform === 'linux')(
  'a worker without a health address opens no port',
  async ({ database, temporal }) => {
    const options = { databaseUrl: database.url, temporal };
    await using silent = await startWorker(options);
    expect(await listeningPortsOf(silent.pid)).toEqual([]);
    const address = await freeAddress();
    await using asked = await startWorker({ ...options, settings: { HEALTH_ADDRESS: address } });
    expect((await listeningPortsOf(asked.pid)).map((port) => `127.0.0.1:${port}`)).toEqual([
      address,
    ]);
  },
);

describe('the command health', () => {
  test('fails when nobody answers', async () => {
    const address = await freeAddress();
    const ended = await runCommand(['health', '--address', address]);
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
    expect(ended.stderr).toContain('(ECONNREFUSED)');
  });

  test('fails when what answers is no worker', async () => {
    await using silent = await listen();
    const ended = await runCommand(['health', '--address', `127.0.0.1:${silent.port}`]);
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test.for([
    [[], ADDRESS],
    [['--address', 'nonsense'], '--address'],
    [['--address', '127.0.0.1:1', '--probe', 'dead'], '--probe'],
  ] as const)('refuses %j', async ([args, name]) => {
    const ended = await runCommand(['health', ...args]);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain(name);
  });
});

async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await choosePort()}`;
}

/** Of live, ready and startup. */
async function statusesAt(address: string): Promise<readonly number[]> {
  const answers = ['livez', 'readyz', 'startupz'].map(
    async (path) => (await fetch(`http://${address}/${path}`)).status,
  );
  return await Promise.all(answers);
}

/** A listening socket in `/proc/net/tcp`: port in hexadecimal, state 0A, inode. */
const LISTENING = /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F:]+ 0A (?:\S+ +){5}(\d+)/gm;

async function listeningPortsOf(pid: number): Promise<readonly number[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await readdir(folder);
  const open = await Promise.all(
    links.map((link) => readlink(`${folder}/${link}`).catch(() => '')),
  );
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((it) => readFile(`/proc/${pid}/net/${it}`, 'utf8')),
  );
  return [...tables.join('\n').matchAll(LISTENING)]
    .filter(([, , inode]) => open.includes(`socket:[${inode}]`))
    .map(([, port = '']) => Number.parseInt(port, 16));
}
