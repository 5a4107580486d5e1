import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect } from 'vitest';

import { MOUNT_NEEDED, mountTinyDisk } from '../chaos/support/tiny-disk.ts';
import { test } from '../support/dev-process.ts';

const STACK_LINE = /^ {4}at /m;

describe('a full disk', { timeout: 120_000 }, () => {
  // Too small for a database, too small for the server's first log segments, too small for the rows.
  test.for([4, 30, 70])(
    'of %i MB is named by npm run dev with the option of the folder',
    async (megabytes, { data, startDev, skip }) => {
      using disk = mountTinyDisk(data, megabytes);
      if (disk === undefined) return skip(MOUNT_NEEDED);
      const dev = await startDev({ args: ['--sessions', '500000'] });
      expect((await dev.ended()).code).toBe(1);
      expect(dev.output()).toContain(`${data}: its file system is full.`);
      expect(dev.output()).toContain('--data');
      expect(dev.output()).not.toMatch(STACK_LINE);
    },
  );

  test('is named by the set-up of npm test with the variable of the folder', ({ folder, skip }) => {
    const temporary = path.join(folder, 'temporary');
    using disk = mountTinyDisk(temporary, 4);
    if (disk === undefined) return skip(MOUNT_NEEDED);
    const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        path.join(path.dirname(vitest), 'vitest.mjs'),
        ...['run', '--project', 'tests', 'test/unit/cutoff.test.ts'],
      ],
      {
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: temporary, VITEST: undefined },
      },
    );
    expect(status).toBe(1);
    expect(stdout + stderr).toContain(`${temporary}: its file system is full.`);
    expect(stdout + stderr).toContain('TMPDIR');
  });
});
