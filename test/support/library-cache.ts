/** Libraries that `npm run test:stores` installs, once, by the package managers of their languages. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CACHE = fileURLToPath(new URL('../../.cache/stores', import.meta.url));

/** Downloads and compilers take their time, but not for ever. For `beforeAll`. */
export const INSTALL_MILLISECONDS = 600_000;

/** Why tests with this language's libraries are skipped; undefined when it is installed. */
export function whyMissing(program: string, versionOption = '--version'): string | undefined {
  try {
    execFileSync(program, [versionOption], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${program} is not installed`;
  }
}

/**
 * Returns a folder that `install` has filled, which it does once for each content of these files or packages.
 *
 * @param sources - paths of files, or names of packages with their versions
 * @param install - fills the folder that it is given, which is renamed when it is complete
 */
export async function installOnce(
  name: string,
  sources: readonly string[],
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(existsSync(source) ? readFileSync(source) : source);
  const folder = path.join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${String(process.pid)}`;
  await mkdir(unfinished, { recursive: true });
  try {
    await install(unfinished);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Installs packages of PyPI, for `PYTHONPATH`. */
export async function installPython(name: string, packages: readonly string[]): Promise<string> {
  return await installOnce(name, packages, async (folder) => {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', folder, ...packages]);
  });
}

/** Installs packages of npm that the project itself does without: large ones, and other versions of its own. */
export async function installNpm(
  name: string,
  packages: readonly string[],
  options: readonly string[] = [],
): Promise<string> {
  return await installOnce(name, packages, async (folder) => {
    await run('npm', [
      ...[
        'install',
        '--no-audit',
        '--no-fund',
        '--no-save',
        '--ignore-scripts',
        '--prefix',
        folder,
      ],
      ...options,
      ...packages,
    ]);
  });
}

/** Runs a program to its end. Its output is in the error when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], {
    ...options,
    timeout: INSTALL_MILLISECONDS,
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return stdout;
}
