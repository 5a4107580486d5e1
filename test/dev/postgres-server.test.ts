import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';

import pg from 'pg';
import { describe, expect, vi } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import {
  startPostgres,
  type PostgresOptions,
  type PostgresServer,
} from '../../scripts/services/postgres-server.ts';
import { identifyProcess } from '../../scripts/services/process-identity.ts';
import { ServiceInUseError } from '../../scripts/services/service-record.ts';
import { startInOwnProcess } from '../support/killed-run.ts';
import { listen, samePortAtFirst } from '../support/taken-port.ts';
import { test as withFolder } from '../support/temporary-folder.ts';

const test = withFolder.extend('start', async ({ folder }, { onCleanup }) => {
  const started: PostgresServer[] = [];
  onCleanup(async () => {
    await Promise.all(started.map((server) => server.stop('immediate')));
  });
  return async (options: Partial<PostgresOptions> = {}): Promise<PostgresServer> => {
    const server = await startPostgres({
      dataDirectory: path.join(folder, 'postgres'),
      port: await choosePort(),
      ...options,
    });
    started.push(server);
    return server;
  };
});

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('an embedded PostgreSQL server', () => {
  test('keeps its data after every kind of stop', async ({ start }) => {
    const first = await start();
    await query(first.url, 'create table kept (number int)');
    for (const [number, end] of [
      async (server: PostgresServer) => await server.stop('fast'),
      async (server: PostgresServer) => await server.stop('immediate'),
      async (server: PostgresServer) => await server.stop('smart'),
      async (server: PostgresServer) => {
        server.signal('SIGKILL');
        await server.exited;
      },
    ].entries()) {
      const server = number === 0 ? first : await start();
      await query(server.url, `insert into kept values (${String(number)})`);
      await end(server);
      expect(identifyProcess(server.pid)).toBeUndefined();
    }
    const last = await start();
    expect(await query(last.url, 'select number from kept order by 1')).toHaveLength(4);
  });

  test('requires its password, and listens on the loopback interface only', async ({ start }) => {
    const server = await start();
    const passwordFile = path.join(server.dataDirectory, 'password');
    expect(statSync(passwordFile).mode & 0o777).toBe(0o600);
    expect(server.url).toContain(readFileSync(passwordFile, 'utf8').trim());
    const wrong = new URL(server.url);
    wrong.password = 'guessed';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
    expect(await query(server.url, `select current_setting('listen_addresses') as at`)).toEqual([
      { at: '127.0.0.1' },
    ]);
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.internal === false && address.family === 'IPv4');
    if (outside !== undefined) {
      const elsewhere = new URL(server.url);
      elsewhere.hostname = outside.address;
      await expect(query(elsewhere.href, 'select 1')).rejects.toThrow('ECONNREFUSED');
    }
  });

  test('accepts other settings and another port at each start', async ({ start }) => {
    const first = await start({ authentication: 'trust' });
    await first.stop();
    const second = await start({ settings: { work_mem: '7MB' } });
    expect(second.url).not.toContain(':@');
    expect(await query(second.url, 'show work_mem')).toEqual([{ work_mem: '7MB' }]);
  });

  test('stops the server of a killed run, and starts on its data', async ({ folder, start }) => {
    const run = await startInOwnProcess(script(folder, await choosePort()));
    await run.kill();
    expect(identifyProcess(run.serverPid)).toBeDefined();
    const reported: string[] = [];
    await start({ log: (message) => reported.push(message) });
    expect(identifyProcess(run.serverPid)).toBeUndefined();
    expect(reported).toContainEqual(expect.stringContaining(String(run.serverPid)));
  });

  test('stops it even if the run was killed before recording it', async ({ folder, start }) => {
    const run = await startInOwnProcess(script(folder, await choosePort()));
    await run.kill();
    rmSync(path.join(folder, 'postgres', 'service.json'));
    await start();
    expect(identifyProcess(run.serverPid)).toBeUndefined();
  });

  test('does not stop a server whose run still exists', async ({ folder, start }) => {
    await using run = await startInOwnProcess(script(folder, await choosePort()));
    await expect(start()).rejects.toThrow(ServiceInUseError);
    expect(identifyProcess(run.serverPid)).toBeDefined();
    await run.kill();
    await start();
  });

  test('does not stop another process with the old pid', async ({ folder, start }) => {
    const server = await start();
    server.signal('SIGKILL');
    await server.exited;
    const other = spawn('sleep', ['60'], {
      // The same user as the server's, or PostgreSQL itself would detect that it is another process.
      ...ownerOf(path.join(folder, 'postgres', 'data')),
    });
    const gone = once(other, 'exit');
    const pidFile = path.join(folder, 'postgres', 'data', 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    writeFileSync(pidFile, [String(other.pid), ...lines.slice(1)].join('\n'));
    writeFileSync(
      path.join(folder, 'postgres', 'service.json'),
      JSON.stringify({
        service: { pid: other.pid, startedAt: 'long ago' },
        owner: { pid: other.pid, startedAt: 'long ago' },
      }),
    );
    await start();
    expect(identifyProcess(other.pid ?? 0)).toBeDefined();
    other.kill();
    await gone;
  });

  test('fails with the port and the remedy when a fixed port is in use', async ({ start }) => {
    await using listener = await listen();
    await expect(start({ port: listener.port })).rejects.toThrow(
      new RegExp(`another process listens on 127.0.0.1:${String(listener.port)}\\. .*another port`),
    );
  });

  test('two that choose the same port at the same time both start', async ({ folder, start }) => {
    const port = await samePortAtFirst(2);
    const servers = await Promise.all(
      ['one', 'other'].map((name) => start({ port, dataDirectory: path.join(folder, name) })),
    );
    expect(new Set(servers.map((server) => server.port)).size).toBe(2);
    for (const server of servers) {
      expect(await query(server.url, 'show data_directory')).toEqual([
        { data_directory: path.join(server.dataDirectory, 'data') },
      ]);
    }
  });

  test('reports why it did not start', async ({ start }) => {
    await expect(start({ settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      'invalid value for parameter "shared_buffers"',
    );
  });

  test.runIf(process.getuid?.() === 0)(
    'keeps its data in another folder when its user may not enter the requested one',
    async ({ folder, start }) => {
      const shared = path.join(folder, 'tmp');
      const closed = path.join(folder, 'closed');
      mkdirSync(shared);
      mkdirSync(closed, { mode: 0o700 });
      vi.stubEnv('TMPDIR', shared);
      const dataDirectory = path.join(closed, 'postgres');
      const reported: string[] = [];
      const log = (message: string): unknown => reported.push(message);
      const server = await start({ dataDirectory, log });
      expect(server.dataDirectory).toContain(shared);
      expect(reported).toContainEqual(expect.stringContaining(server.dataDirectory));
      await query(server.url, 'create table kept ()');
      await server.stop();
      const again = await start({ dataDirectory });
      expect(await query(again.url, 'select * from kept')).toEqual([]);
      vi.unstubAllEnvs();
    },
  );
});

function script(folder: string, port: number): string {
  return `
    const { startPostgres } = await import(services + 'postgres-server.ts');
    ({ pid } = await startPostgres({
      dataDirectory: ${JSON.stringify(path.join(folder, 'postgres'))}, port: ${String(port)},
    }))`;
}

function ownerOf(file: string): { readonly uid?: number; readonly gid?: number } {
  const { uid, gid } = statSync(file);
  return process.getuid?.() === 0 ? { uid, gid } : {};
}
