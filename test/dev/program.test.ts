import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'vitest';

import { buildProgram, PROGRAM } from '../../scripts/build/build-program.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { bundleFiles } from '../../src/worker/workflow-code.ts';
import { test as base } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { createRunFolder, removeRunFolder } from '../support/test-run.ts';
import { startRun } from '../support/watched-run.ts';
import { startWorker } from '../support/worker-process.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

const run = promisify(execFile);

/** The content of a package, and as its only installed dependency the SDK's native core. */
const test = base.extend('root', { scope: 'file' }, async ({}, { onCleanup }): Promise<string> => {
  const root = createRunFolder();
  onCleanup(async () => {
    await removeRunFolder(root);
  });
  const dist = path.join(root, 'dist');
  await mkdir(dist);
  await buildProgram(dist);
  await copyFile(bundleFiles.code, path.join(dist, path.basename(bundleFiles.code)));
  await copyFile(path.join(CHECKOUT, 'package.json'), path.join(root, 'package.json'));
  await cp(path.join(CHECKOUT, 'bin'), path.join(root, 'bin'), { recursive: true });
  const scope = path.join(root, 'node_modules', '@temporalio');
  await mkdir(scope, { recursive: true });
  const native = path.join('node_modules', '@temporalio', 'core-bridge');
  await symlink(path.join(CHECKOUT, native), path.join(root, native));
  return root;
});

test('the published program needs no other package than the native core', async ({ root }) => {
  const command = path.join(root, 'bin', 'session-cleanup.js');
  const { stdout } = await run(process.execPath, [command, '--version']);
  const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ version: stdout.trim() });
  await expect(run(process.execPath, [command, 'worker'], { env: {} })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('DATABASE_URL: not set') as unknown,
  });
});

test('its worker deletes and reports as from the checkout', async ({
  root,
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 3_000, live: 200 });
  const program = path.join(root, 'dist', PROGRAM);
  await using worker = await startWorker({
    databaseUrl: database.url,
    temporal,
    program,
    settings: { APPROVAL: 'off' },
  });

  expect(await (await startRun(database, temporal)).result()).toMatchObject({
    deletedCount: 3_000,
    targets: [{ target: 'sessions', stopped: 'drained' }],
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 200 });

  // Errors are distinguished by their class, also when all classes are in one file.
  await database.sql('alter table sessions rename to elsewhere');
  await expect((await startRun(database, temporal)).result()).rejects.toMatchObject({
    cause: { type: FAILURE.noTable },
  });
  worker.signal('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
});

test('the licences of all bundled packages are included', async ({ root }) => {
  const notices = await readFile(path.join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  for (const name of ['@temporalio/worker', '@mikro-orm/core', 'kysely', 'pg', 'rxjs', 'zod']) {
    expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, (MIT|Apache-2.0)$`, 'm'));
  }
});
