import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { PayloadCodec } from '@temporalio/common';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import { Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { describe, expect, vi } from 'vitest';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import { ConfigError } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { SCHEDULE_ID } from '../../src/contract/names.ts';
import { keepLedger } from '../../src/database/orm.ts';
import type { sessionCleanup } from '../../workflows/index.ts';
import { SessionCleanupPlugin, type SessionCleanupPluginOptions } from '../../src/worker/plugin.ts';
import { runCommand, runJson } from '../cli/command-process.ts';
import { test } from '../support/fixtures.ts';
import { triggerSchedule } from '../support/schedule-fixture.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { until } from '../support/fake-worker.ts';

const PATIENT = { timeout: 60_000 };

const WORKFLOWS = fileURLToPath(new URL('host/workflows.ts', import.meta.url));
const WORKFLOWS_WITH_CLEANUP = fileURLToPath(
  new URL('host/workflows-with-cleanup.ts', import.meta.url),
);

/** An entity of the application. */
const Order = defineEntity({ name: 'Order', properties: { id: p.integer().primary() } });

const FLIPPED = Buffer.from('binary/flipped');

/** Not secret, but unreadable without it. */
const ENCRYPTING: PayloadCodec = {
  encode: (payloads) =>
    Promise.resolve(
      payloads.map(({ metadata, data }) => {
        const { encoding: original = Buffer.of() } = metadata ?? {};
        return { metadata: { ...metadata, original, encoding: FLIPPED }, data: flip(data) };
      }),
    ),
  decode: (payloads) =>
    Promise.resolve(
      payloads.map((payload) => {
        const {
          encoding = Buffer.of(),
          original = Buffer.of(),
          ...others
        } = payload.metadata ?? {};
        return FLIPPED.equals(encoding)
          ? { metadata: { ...others, encoding: original }, data: flip(payload.data) }
          : payload;
      }),
    ),
};

function flip(data: Uint8Array | null | undefined): Uint8Array {
  return (data ?? Buffer.of()).map((byte) => byte ^ 0xff);
}

interface JsonPayload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

function isRequest(body: unknown): body is { readonly payloads: readonly JsonPayload[] } {
  return typeof body === 'object' && body !== null && 'payloads' in body;
}

const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function mapped<From, To>(
  values: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await json(request);
  if (!isRequest(body)) throw new TypeError('no payloads');
  const apply = request.url === '/decode' ? ENCRYPTING.decode : ENCRYPTING.encode;
  const { payloads } = body;
  const applied = await apply(
    payloads.map(({ metadata, data }) => ({
      metadata: mapped(metadata, fromBase64),
      data: fromBase64(data),
    })),
  );
  const encoded = applied.map(({ metadata, data }) => ({
    metadata: mapped(metadata ?? {}, toBase64),
    data: toBase64(data ?? Buffer.of()),
  }));
  response.end(JSON.stringify({ payloads: encoded }));
}

/** A server that applies the codec, as applications have one for the Web UI. */
async function startCodecServer(): Promise<{ readonly endpoint: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A worker as an application has it: its own workflows, activities, interceptors, codec and version. */
async function startHost(
  temporal: TestTemporal,
  options: SessionCleanupPluginOptions,
  overrides: Partial<WorkerOptions> = {},
): Promise<{ readonly worker: Worker; readonly intercepted: string[] } & AsyncDisposable> {
  const intercepted: string[] = [];
  const worker = await Worker.create({
    connection: await temporal.connectWorker(),
    namespace: temporal.namespace,
    taskQueue: 'orders',
    workflowsPath: WORKFLOWS,
    activities: { charge: (amount: number) => Promise.resolve(`charged ${amount}`) },
    dataConverter: { payloadCodecs: [ENCRYPTING] },
    interceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute: async (input, next) => {
              intercepted.push(info.activityType);
              return await next(input);
            },
          },
        }),
      ],
    },
    plugins: [new SessionCleanupPlugin(options)],
    ...overrides,
  });
  const ended = worker.run();
  ended.catch(() => undefined);
  return {
    worker,
    intercepted,
    [Symbol.asyncDispose]: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

function clientOf({ client, namespace }: TestTemporal): Client {
  const { connection } = client;
  return new Client({ connection, namespace, dataConverter: { payloadCodecs: [ENCRYPTING] } });
}

async function placeOrder(client: Client): Promise<string> {
  return await client.workflow.execute('order', {
    taskQueue: 'orders',
    workflowId: 'order',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    args: [7],
  });
}

/** Triggers a run once the plugin has applied the schedule. */
async function trigger(client: Client): Promise<void> {
  await until(() => triggerSchedule(client));
}

/** Triggers the first run. */
async function startedRun(client: Client): Promise<WorkflowHandle<typeof sessionCleanup>> {
  await trigger(client);
  let workflowId = '';
  await until(async () => {
    const { info } = await client.schedule.getHandle(SCHEDULE_ID).describe();
    workflowId = info.recentActions[0]?.action.workflow.workflowId ?? '';
    return workflowId !== '';
  });
  return client.workflow.getHandle<typeof sessionCleanup>(workflowId);
}

/** The count of the first run, once it has ended. */
async function cleanedCount(client: Client): Promise<number> {
  return (await (await startedRun(client)).result()).deletedCount;
}

describe('a plugin in the worker of an application', PATIENT, () => {
  test('cleans on a task queue of its own, and leaves the host as it is', async ({
    temporal,
    database,
  }) => {
    await fillSessions(database, { expired: 300, live: 20 });
    const client = clientOf(temporal);
    await using host = await startHost(temporal, { databaseUrl: database.url });
    expect(await cleanedCount(client)).toBe(300);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 20 });
    expect(await placeOrder(client)).toBe('charged 7');
    expect(host.intercepted).toEqual(['charge']);
    const history = await client.workflow.getHandle('order').fetchHistory();
    await Worker.runReplayHistory(
      { workflowsPath: WORKFLOWS, dataConverter: { payloadCodecs: [ENCRYPTING] } },
      history,
      'order',
    );
  });

  test('runs in the worker of the host where that exports the workflow', async ({
    temporal,
    database,
  }) => {
    await fillSessions(database, { expired: 300, live: 20 });
    const client = clientOf(temporal);
    await using host = await startHost(
      temporal,
      { databaseUrl: database.url, mode: 'host' },
      { workflowsPath: WORKFLOWS_WITH_CLEANUP },
    );
    expect(await cleanedCount(client)).toBe(300);
    expect(await placeOrder(client)).toBe('charged 7');
    expect(host.intercepted).toContain('deleteExpiredSessions');
  });

  test.for(['companion', 'host'] as const)(
    "connects as an application's ORM does, and leaves that open (%s)",
    async (mode, { temporal, database }) => {
      await fillSessions(database, { expired: 30, live: 20 });
      const { hostname: host, port, username: user } = new URL(database.url);
      await using orm = await MikroORM.init({
        ...{ host, port: Number(port), user, dbName: database.name, entities: [Order] },
        password: () => new URL(database.url).password,
        schemaGenerator: keepLedger(),
      });
      const client = clientOf(temporal);
      {
        const workflowsPath = mode === 'host' ? WORKFLOWS_WITH_CLEANUP : WORKFLOWS;
        await using _ = await startHost(temporal, { orm, mode }, { workflowsPath });
        expect(await cleanedCount(client)).toBe(30);
      }
      expect(await countSessions(database)).toEqual({ expired: 0, live: 20 });
      expect(await orm.em.execute('select 1 as one')).toEqual([{ one: 1 }]);
    },
  );

  test('refuses an ORM that was not made for it, where it cannot connect as that does', async ({
    database,
  }) => {
    await using orm = new MikroORM({ clientUrl: database.url, entities: [Order] });
    const config = loadConfig({ DATABASE_URL: database.url });
    expect(() => createCleanupActivities({ orm, config })).toThrow(TypeError);
    const driverOptions = orm.em.getConnection().getClient();
    const other = new MikroORM({ dbName: database.name, entities: [Order], driverOptions });
    const plugin = new SessionCleanupPlugin({ orm: other, mode: 'host' });
    const options = { taskQueue: 'orders', workflowsPath: WORKFLOWS_WITH_CLEANUP };
    expect(() => plugin.configureWorker(options)).toThrow(ConfigError);
  });

  test('does not end the host when it cannot work', async ({ temporal, emptyDatabase }) => {
    const client = clientOf(temporal);
    await using host = await startHost(temporal, {
      databaseUrl: emptyDatabase.url.replace(/:\d+\//, ':1/'),
    });
    expect(await placeOrder(client)).toBe('charged 7');
    expect(host.worker.getState()).toBe('RUNNING');
  });

  test('hands a running slice over when the host shuts down', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 20_000, live: 20 });
    const client = clientOf(temporal);
    const options: SessionCleanupPluginOptions = { databaseUrl: database.url };
    {
      await using _ = await startHost(temporal, options);
      await trigger(client);
      await until(async () => (await countSessions(database)).expired < 20_000);
    }
    await using _ = await startHost(temporal, options);
    await until(async () => (await countSessions(database)).expired === 0);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 20 });
  });

  test('has runs that commands read by the codec server', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 300, live: 20 });
    await using codec = await startCodecServer();
    await using _ = await startHost(temporal, { databaseUrl: database.url });
    const run = await startedRun(clientOf(temporal));
    expect(await run.result()).toMatchObject({ deletedCount: 300 });

    const environment = {
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
    };
    const encoded = await runCommand(['run', 'show', run.workflowId], environment);
    expect(encoded).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('TEMPORAL_CODEC_ENDPOINT'),
    });
    const decoded = await runJson(['run', 'show', run.workflowId], {
      ...environment,
      TEMPORAL_CODEC_ENDPOINT: codec.endpoint,
    });
    expect(decoded).toMatchObject({ exitCode: 0, result: { result: { deletedCount: 300 } } });

    await using folder = await mkdtempDisposable(path.join(os.tmpdir(), 'session-cleanup-'));
    const file = path.join(folder.path, 'temporal.toml');
    await writeFile(file, `[profile.eu.codec]\nendpoint = "${codec.endpoint}"\n`);
    const byProfile = { ...environment, TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'eu' };
    expect(await runJson(['run', 'show', run.workflowId], byProfile)).toEqual(decoded);
  });

  test('refuses a wrong configuration before the worker starts', () => {
    expect(() => new SessionCleanupPlugin({ databaseUrl: 'mysql://nowhere' })).toThrow(ConfigError);
    // As JavaScript passes them.
    for (const wrong of [{ mode: 'hots' }, { schedule: 'of' }]) {
      const options: object = { databaseUrl: 'postgres://localhost/app', ...wrong };
      expect(() => new SessionCleanupPlugin(options)).toThrow(ConfigError);
    }
  });

  test('refuses workflows without its own in the mode host', () => {
    const plugin = new SessionCleanupPlugin({
      databaseUrl: 'postgres://localhost/app',
      mode: 'host',
    });
    const configure = (workflowsPath: string): unknown =>
      plugin.configureWorker({ taskQueue: 'orders', workflowsPath });
    expect(() => configure(WORKFLOWS)).toThrow('export { sessionCleanup }');
    expect(() => configure(WORKFLOWS_WITH_CLEANUP)).not.toThrow();
  });

  test('logs why no run can work, with the remedy', async ({ temporal, emptyDatabase }) => {
    const { logger } = Runtime.instance();
    const logged = vi.spyOn(logger, 'error');
    await using _ = await startHost(temporal, { databaseUrl: emptyDatabase.url });
    await until(
      async () =>
        await Promise.resolve(
          logged.mock.calls.some(([, fields]) => String(fields?.['error']).includes('migrate')),
        ),
    );
  });
});
