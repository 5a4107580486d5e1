import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import manifest from '../../../package.json' with { type: 'json' };
import { choosePort } from '../../../scripts/services/ports.ts';
import { test } from '../../support/fixtures.ts';
import { triggerSchedule } from '../../support/schedule-fixture.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
const FILES = fileURLToPath(new URL('files/', import.meta.url));

/** What the package is built from. */
const SOURCES = [
  ...['src', 'workflows', 'activities', 'bin', 'scripts', 'package.json', 'tsconfig.json'],
  ...['tsconfig.build.json', 'session-cleanup.schema.json', 'README.md', 'CHANGELOG.md', 'LICENSE'],
];

const INSTALL_MILLISECONDS = 300_000;

/** Time for the host's start, which bundles its workflows. */
const START = { timeout: 90_000, interval: 200 };

/** The oldest Node that the package supports, as npm has it. */
const OLDEST_NODE = `node-${process.platform}-${process.arch}`;

describe('an application that installs the package', { timeout: INSTALL_MILLISECONDS }, () => {
  let folder = '';
  let archive = '';
  let app = '';

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'session-cleanup-application-'));
    // A build empties `dist`, which other tests use.
    const build = path.join(folder, 'build');
    mkdirSync(build);
    for (const source of SOURCES) {
      cpSync(path.join(CHECKOUT, source), path.join(build, source), { recursive: true });
    }
    symlinkSync(path.join(CHECKOUT, 'node_modules'), path.join(build, 'node_modules'));
    npm(build, 'run', 'build');
    npm(build, 'pack', '--ignore-scripts', '--pack-destination', folder);
    const packed = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    archive = path.join(folder, packed);

    app = path.join(folder, 'app');
    cpSync(FILES, app, { recursive: true });
    writeFileSync(path.join(app, 'package.json'), '{ "private": true, "type": "module" }\n');
    const peers = Object.keys(manifest.peerDependencies)
      .filter((name) => name.startsWith('@temporalio/'))
      .map((name) => `${name}@${manifest.devDependencies['@temporalio/worker']}`);
    npm(app, 'install', archive, ...peers);
    npm(app, 'install', '--no-save', '--force', `${OLDEST_NODE}@22`);
  }, INSTALL_MILLISECONDS);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('finds exports and declarations that publint and attw accept', () => {
    for (const command of [
      ['publint', archive, '--strict'],
      ['attw', archive, '--profile', 'esm-only'],
    ]) {
      const options = { cwd: CHECKOUT, encoding: 'utf8' } as const;
      const { status, stdout, stderr } = spawnSync('npx', command, options);
      expect(status, `${command[0]}: ${stdout}${stderr}`).toBe(0);
    }
  });

  test('finds what a program without a worker needs in session-cleanup/database, without Temporal', () => {
    const printed = printedBy(
      `import { registerHooks } from 'node:module';
       registerHooks({
         resolve(name, context, next) {
           if (name.startsWith('@temporalio/')) throw new Error(name);
           return next(name, context);
         },
       });
       console.log(JSON.stringify(Object.keys(await import('session-cleanup/database'))));`,
    );
    expect(printed).toEqual(['SessionRepository', 'keepLedger', 'migrate']);
  });

  test.for([
    ['the Node of development', () => process.execPath],
    ['the oldest Node', () => path.join(app, 'node_modules', OLDEST_NODE, 'bin', 'node')],
  ] as const)(
    'cleans in the worker of the host, on %s',
    async ([, node], { database, temporal }) => {
      const { client, namespace, address } = temporal;
      await fillSessions(database, { expired: 500, live: 10 });
      const env = {
        PATH: process.env['PATH'],
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
        METRICS_ADDRESS: `127.0.0.1:${await choosePort()}`,
      };
      await runWorker(node(), 'worker.js', env, async () => {
        await runOnce(client, database);
        const order = { taskQueue: 'orders', workflowId: 'order', args: [7] };
        expect(await client.workflow.execute('order', order)).toBe('charged 7');
        const metrics = await fetch(`http://${env.METRICS_ADDRESS}/metrics`);
        expect(await metrics.text()).toMatch(/session_cleanup_rows_deleted_total\{.*\} 500/);

        // A worker of its own beside it, by the command of the package.
        const command = path.join(app, 'node_modules', '.bin', 'session-cleanup');
        const healthy = {
          ...env,
          SESSION_CLEANUP_HEALTH_ADDRESS: `127.0.0.1:${await choosePort()}`,
        };
        const own = spawn(node(), [command, 'worker'], { env: healthy, stdio: 'ignore' });
        const stopped = once(own, 'exit');
        const ask = (): string => {
          try {
            const args = [command, 'health', '--probe', 'ready'];
            return execFileSync(node(), args, { env: healthy, encoding: 'utf8', stdio: 'pipe' });
          } catch {
            return '';
          }
        };
        await expect.poll(ask, START).not.toBe('');
        const status = execFileSync(node(), [command, 'status', '--json'], {
          env,
          encoding: 'utf8',
        });
        expect(JSON.parse(status)).toMatchObject({ schedule: { ok: true } });
        own.kill('SIGTERM');
        expect(await stopped).toEqual([0, null]);
      });
    },
  );

  describe('runs the examples of the documentation', () => {
    test('which compile', ({ database, temporal }) => {
      writeExamples(database, temporal);
      const options = {
        extends: path.join(CHECKOUT, 'tsconfig.json'),
        compilerOptions: { typeRoots: [path.join(CHECKOUT, 'node_modules/@types')] },
        include: [...examples().keys()],
      };
      writeFileSync(path.join(app, 'tsconfig.json'), JSON.stringify(options));
      const { stdout } = spawnSync('npx', ['tsc', '-p', app], { cwd: CHECKOUT, encoding: 'utf8' });
      expect(stdout).toBe('');
    });

    test.for(['host-worker.ts', 'own-worker.ts'])('%s', async (file, { database, temporal }) => {
      writeExamples(database, temporal);
      await fillSessions(database, { expired: 500, live: 10 });
      const env = { PATH: process.env['PATH'] };
      await runWorker(process.execPath, file, env, async () => {
        await runOnce(temporal.client, database);
      });
    });

    test('validate.ts and mikro-orm.config.ts', async ({ database, temporal }) => {
      writeExamples(database, temporal);
      const update = printedBy(
        `import { MikroORM } from '@mikro-orm/postgresql';
         import config from './mikro-orm.config.ts';
         const orm = await MikroORM.init(config);
         console.log(JSON.stringify(await orm.schema.getUpdateSchemaSQL()));
         await orm.close();`,
      );
      expect(update).toContain('user_session');
      expect(update).not.toContain('session_cleanup');

      await database.sql(
        `create table user_session (id int primary key, token_hash text not null, valid_until timestamptz(6) not null)`,
      );
      await database.sql(
        `insert into user_session select number, encode(sha256(number::text::bytea), 'hex'), now() + interval '1 hour' * (number - 2.5)
         from generate_series(1, 4) as number`,
      );
      const live = printedBy(
        `import { MikroORM } from '@mikro-orm/postgresql';
         import config from './mikro-orm.config.ts';
         import { validate } from './validate.ts';
         const orm = await MikroORM.init(config);
         console.log(JSON.stringify([await validate(orm, '2'), await validate(orm, '3')]));
         await orm.close();`,
      );
      expect(live).toEqual([false, true]);
      const left = await database.sql<{ id: number }>('select id from user_session order by id');
      expect(left.map(({ id }) => id)).toEqual([1, 3, 4]);
    });

    test('clean-once.ts', async ({ database, temporal }) => {
      writeExamples(database, temporal);
      writeFileSync(
        path.join(app, 'session-cleanup.yaml'),
        'targets:\n  sessions:\n    table: sessions\n    expires: { column: expires_at }\n',
      );
      await fillSessions(database, { expired: 300, live: 10 });
      const deleted = printedBy(
        `import { cleaned } from './clean-once.ts';
         console.log(await cleaned(${JSON.stringify(database.url)}));`,
      );
      expect(deleted).toBe(300);
      expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
    });
  });

  /** Writes the examples with the addresses of one test. */
  function writeExamples(database: TestDatabase, { address, namespace }: TestTemporal): void {
    for (const [name, code] of examples()) {
      const addressed = code
        .replaceAll(/postgres:\/\/\w+@localhost\/app/g, database.url)
        .replaceAll('localhost:7233', address)
        .replaceAll("'default'", JSON.stringify(namespace));
      writeFileSync(path.join(app, name), addressed);
    }
  }

  /** What a module prints that imports from the examples. */
  function printedBy(code: string): unknown {
    const file = path.join(app, 'call.ts');
    writeFileSync(file, code);
    return JSON.parse(execFileSync(process.execPath, [file], { cwd: app, encoding: 'utf8' }));
  }

  /** Runs a worker in the application while `work` does, and expects it to end by SIGTERM. */
  async function runWorker(
    node: string,
    file: string,
    env: NodeJS.ProcessEnv,
    work: () => Promise<void>,
  ): Promise<void> {
    const worker = spawn(node, [file], { cwd: app, env, stdio: 'inherit' });
    const exited = once(worker, 'exit');
    try {
      await work();
    } finally {
      worker.kill('SIGTERM');
    }
    expect(await exited).toEqual([0, null]);
  }
});

/** Triggers the schedule as soon as a worker has created it, and waits until all expired rows are gone. */
async function runOnce(client: Client, database: TestDatabase): Promise<void> {
  await expect.poll(() => triggerSchedule(client), START).toBe(true);
  const expired = async (): Promise<number> => (await countSessions(database)).expired;
  await expect.poll(expired, START).toBe(0);
  expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
}

/** The examples of docs/library.md by the name of their file. */
function examples(): ReadonlyMap<string, string> {
  const text = readFileSync(path.join(CHECKOUT, 'docs/library.md'), 'utf8');
  const found = text.matchAll(/<!-- example: (\S+) -->\n\n```ts\n(.*?)```/gs);
  return new Map([...found].map(([, name = '', code = '']) => [name, code]));
}

function npm(cwd: string, ...args: readonly string[]): void {
  const env = {
    ...process.env,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
  };
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
