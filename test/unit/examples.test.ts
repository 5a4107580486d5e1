import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** In the checkout, where the packages are found. */
const FOLDER = path.join(CHECKOUT, '.cache', `examples-${process.pid}`);

test('the examples of the library compile', { timeout: 120_000 }, () => {
  const text = readFileSync(path.join(CHECKOUT, 'docs/library.md'), 'utf8');
  const examples = [...text.matchAll(/<!-- example -->\n\n```ts\n(.*?)```/gs)];
  expect(examples.length).toBeGreaterThan(4);
  mkdirSync(FOLDER, { recursive: true });
  try {
    for (const [index, [, code = '']] of examples.entries()) {
      writeFileSync(path.join(FOLDER, `example-${index}.ts`), code);
    }
    const paths = {
      'session-cleanup': ['../../src/index.ts'],
      'session-cleanup/testing': ['../../src/testing.ts'],
    };
    const options = {
      extends: '../../tsconfig.json',
      compilerOptions: { paths },
      include: ['*.ts'],
    };
    writeFileSync(path.join(FOLDER, 'tsconfig.json'), JSON.stringify(options));
    execFileSync('npx', ['tsc', '-p', FOLDER], { cwd: CHECKOUT, encoding: 'utf8', stdio: 'pipe' });
  } finally {
    rmSync(FOLDER, { recursive: true, force: true });
  }
});
