import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import manifest from '../../../package.json' with { type: 'json' };
import { choosePort } from '../../../scripts/services/ports.ts';
import { test } from '../../support/fixtures.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';

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
      const host = spawn(node(), ['worker.mjs'], { cwd: app, env, stdio: 'inherit' });
      const exited = once(host, 'exit');
      try {
        const trigger = async (): Promise<boolean> => {
          try {
            await client.schedule.getHandle(SCHEDULE_ID).trigger();
            return true;
          } catch (error) {
            if (error instanceof ScheduleNotFoundError) return false;
            throw error;
          }
        };
        await expect.poll(trigger, START).toBe(true);
        const expired = async (): Promise<number> => (await countSessions(database)).expired;
        await expect.poll(expired, START).toBe(0);
        expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
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
      } finally {
        host.kill('SIGTERM');
      }
      expect(await exited).toEqual([0, null]);
    },
  );
});

function npm(cwd: string, ...args: readonly string[]): void {
  const env = {
    ...process.env,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
  };
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
