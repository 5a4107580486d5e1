import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { test } from '../support/temporary-folder.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** Scripts of a package that npm runs when the package is installed, from a registry or from git. */
const ON_INSTALL = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];

test('the package runs no script of its own when it is installed, and holds no test or script', ({
  folder,
}) => {
  // Not built for this test: what is installed does not depend on it.
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: CHECKOUT,
    stdio: 'ignore',
  });
  const [archive = ''] = readdirSync(folder);
  execFileSync('tar', ['-xf', archive], { cwd: folder });
  const root = path.join(folder, 'package');
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

  expect(manifest).toMatchObject({ name: 'session-cleanup', scripts: expect.any(Object) });
  for (const name of ON_INSTALL) expect(manifest).not.toHaveProperty(['scripts', name]);
  // npm builds whatever holds this file, without any script saying so.
  const files = readdirSync(root);
  expect(files).not.toContain('binding.gyp');
  expect(manifest).not.toHaveProperty('gypfile');
  expect(manifest).not.toHaveProperty('bundleDependencies');
  expect(files.toSorted()).toEqual(
    expect.arrayContaining([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'package.json',
      'session-cleanup.schema.json',
    ]),
  );
  expect(files).not.toContain('test');
  expect(files).not.toContain('scripts');
  expect(files).not.toContain('src');
});
