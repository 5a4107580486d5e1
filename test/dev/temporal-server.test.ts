import path from 'node:path';

import { Client, Connection, type ScheduleOptions } from '@temporalio/client';
import { describe, expect, inject } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { identifyProcess } from '../../scripts/services/process-identity.ts';
import {
  startTemporal,
  type TemporalOptions,
  type TemporalServer,
} from '../../scripts/services/temporal-server.ts';
import { startInOwnProcess } from '../support/killed-run.ts';
import { listen, samePortAtFirst } from '../support/taken-port.ts';
import { test as withFolder } from '../support/temporary-folder.ts';

const test = withFolder.extend('start', async ({ folder }, { onCleanup }) => {
  const started: TemporalServer[] = [];
  onCleanup(async () => {
    await Promise.all(started.map((server) => server.stop()));
  });
  return async (options: Partial<TemporalOptions> = {}): Promise<TemporalServer> => {
    const server = await startTemporal({
      cli: { path: inject('temporalCli'), version: 'any' },
      dataDirectory: path.join(folder, 'temporal'),
      port: await choosePort(),
      durable: true,
      ...options,
    });
    started.push(server);
    return server;
  };
});

async function withClient<T>(
  server: TemporalServer,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

const SCHEDULE = {
  scheduleId: 'kept',
  spec: { intervals: [{ every: '6h' }] },
  action: { type: 'startWorkflow', workflowType: 'any', taskQueue: 'any', workflowId: 'any' },
} satisfies ScheduleOptions;

describe('a Temporal dev server', () => {
  test('accepts a schedule at once, and keeps it when it is killed', async ({ start }) => {
    const server = await start({ uiPort: await choosePort() });
    await withClient(server, (client) =>
      client.schedule.create({ ...SCHEDULE, state: { paused: true, note: 'still here' } }),
    );
    const page = await fetch(server.uiAddress ?? '');
    expect(page.status).toBe(200);
    server.signal('SIGKILL');
    await server.exited;

    const again = await start();
    expect(again.uiAddress).toBeUndefined();
    const { state } = await withClient(again, (client) =>
      client.schedule.getHandle(SCHEDULE.scheduleId).describe(),
    );
    expect(state).toMatchObject({ paused: true, note: 'still here' });
    await again.stop();
    expect(identifyProcess(again.pid)).toBeUndefined();
  });

  test('stops the server that a killed run left behind', async ({ folder, start }) => {
    const run = await startInOwnProcess(`
      const { startTemporal } = await import(services + 'temporal-server.ts');
      ({ pid } = await startTemporal({
        cli: { path: ${JSON.stringify(inject('temporalCli'))}, version: 'any' },
        dataDirectory: ${JSON.stringify(path.join(folder, 'temporal'))},
        port: ${String(await choosePort())}, durable: true,
      }))`);
    await run.kill();
    expect(identifyProcess(run.serverPid)).toBeDefined();
    await start();
    expect(identifyProcess(run.serverPid)).toBeUndefined();
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
    await Promise.all(
      servers.map((server, index) =>
        withClient(server, (client) =>
          client.schedule.create({ ...SCHEDULE, scheduleId: `of ${String(index)}` }),
        ),
      ),
    );
    for (const server of servers) expect(identifyProcess(server.pid)).toBeDefined();
  });

  test('reports why it did not start', async ({ start }) => {
    await expect(start({ dynamicConfig: { 'not a key=': 1 } })).rejects.toThrow(
      /did not start.*:\n/,
    );
  });
});
