/** The preset of tower-sessions at work on the table that the crate creates. */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll } from 'vitest';

import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installOnce, run, whyMissing } from '../../support/library-cache.ts';
import { openProgram } from '../../support/library-program.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';

const CRATE = fileURLToPath(new URL('rust', import.meta.url));
const FILES = ['Cargo.toml', 'src/main.rs'].map((name) => path.join(CRATE, name));

const missing = whyMissing('cargo');
let folder = '';

beforeAll(async () => {
  if (missing === undefined) folder = await installOnce('tower-sessions', FILES, build);
}, INSTALL_MILLISECONDS);

async function build(cwd: string): Promise<void> {
  await cp(CRATE, cwd, { recursive: true });
  await run('cargo', ['build', '--quiet'], { cwd });
}

test('the preset tower-sessions deletes exactly what has expired', async ({
  emptyDatabase: database,
  skip,
}) => {
  if (missing !== undefined) return skip(missing);
  await expectExactCleanUp(database, {
    preset: 'tower-sessions',
    open: () =>
      openProgram(path.join(folder, 'target/debug/tower-sessions-store'), [], {
        DATABASE_URL: database.url,
      }),
  });
});
