import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test as base } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A copy of the checkout with all sources of a bundle. */
const test = base.extend('checkout', async ({}, { onCleanup }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'session-cleanup-bundle-'));
  onCleanup(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  for (const part of ['workflows', 'src/contract', 'src/worker/workflow-code.ts']) {
    await cp(path.join(ROOT, part), path.join(folder, part), { recursive: true });
  }
  await cp(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
});

describe('the code of the workflow that a worker runs', () => {
  test('is its sources while there is no bundle', async ({ checkout }) => {
    expect((await ask(checkout)).code).toEqual({
      workflowsPath: path.join(checkout, 'workflows/index.ts'),
    });
  });

  test('is the bundle that was made of these sources', async ({ checkout }) => {
    await bundle(checkout);
    expect((await ask(checkout)).code).toEqual({
      workflowBundle: { codePath: path.join(checkout, 'dist/workflow-bundle.js') },
    });
  });

  test.for(['workflows/session-cleanup.ts', 'workflows/cutoff.ts', 'src/contract/run.ts'])(
    'is never a bundle older than %s',
    async (file, { checkout }) => {
      await bundle(checkout);
      await appendFile(path.join(checkout, file), '// changed\n');
      expect((await ask(checkout)).code).toHaveProperty('workflowsPath');
    },
  );

  test.for(['workflows/another.ts', 'src/contract/another.ts'])(
    'is never a bundle that lacks %s',
    async (file, { checkout }) => {
      await bundle(checkout);
      await writeFile(path.join(checkout, file), '');
      expect((await ask(checkout)).code).toHaveProperty('workflowsPath');
    },
  );

  test('is never a bundle of another SDK', async ({ checkout }) => {
    await bundle(checkout, { sdk: '1.23.0' });
    expect((await ask(checkout)).code).toHaveProperty('workflowsPath');
  });

  test.for(['', '{', 'null', '[]', '{}'])(
    'is never a bundle with the stamp %j',
    async (stamp, { checkout }) => {
      await bundle(checkout);
      await writeFile(path.join(checkout, 'dist/workflow-bundle.json'), stamp);
      expect((await ask(checkout)).code).toHaveProperty('workflowsPath');
    },
  );
});

interface Answer {
  readonly code: unknown;
  readonly stamp: object;
}

/** Asks the copy, in a process of its own, since its paths are fixed when it is loaded. */
async function ask(checkout: string): Promise<Answer> {
  const module = path.join(checkout, 'src/worker/workflow-code.ts');
  const script = `import { currentStamp, workflowCode } from ${JSON.stringify(module)};
    console.log(JSON.stringify({ code: workflowCode(), stamp: currentStamp() }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval', script],
  ]);
  return JSON.parse(stdout);
}

/** Adds a bundle with the stamp of the current sources. */
async function bundle(checkout: string, changes: object = {}): Promise<void> {
  const stamp = { ...(await ask(checkout)).stamp, ...changes };
  await mkdir(path.join(checkout, 'dist'));
  await writeFile(path.join(checkout, 'dist/workflow-bundle.js'), '');
  await writeFile(path.join(checkout, 'dist/workflow-bundle.json'), JSON.stringify(stamp));
}
