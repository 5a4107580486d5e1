/**
 * The program as it is published: a few files that hold it together with the packages it uses. Node
 * then opens a dozen files at a worker's start instead of 1,300, and keeps the code of as many less.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { rolldown, type Plugin } from 'rolldown';

import { thirdPartyNotices } from './third-party-notices.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** The SDK finds it beside its own code, by this name. */
const WORKFLOW_THREAD = 'workflow-worker-thread';

/** Holds native code, and finds it by where it lies itself. */
const NATIVE = '@temporalio/core-bridge';

/** Asked for by the PostgreSQL driver only where somebody wants it. */
const NEVER_LOADED = 'pg-native';

/** File in the folder that is to be run. */
export const PROGRAM = 'cli.js';

/** @param folder - exists; files of an earlier build are replaced */
export async function buildProgram(folder: string): Promise<void> {
  const sdk = path.dirname(createRequire(import.meta.url).resolve('@temporalio/worker'));
  const build = await rolldown({
    cwd: CHECKOUT,
    platform: 'node',
    input: {
      cli: path.join(CHECKOUT, 'src', 'cli', 'main.ts'),
      [WORKFLOW_THREAD]: path.join(sdk, 'workflow', `${WORKFLOW_THREAD}.js`),
    },
    external: [NATIVE, NEVER_LOADED],
    // For packages that read a file beside their code; see `copyBeside`.
    transform: { define: { __dirname: 'import.meta.dirname' } },
    plugins: [withoutBundler(path.join(sdk, 'workflow', 'bundler.js'))],
    onLog(level, { code, message }) {
      if (level === 'warn') throw new Error(`${code ?? 'Warning'}: ${message}`);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: '[name].js',
    // The ORM and the errors of many packages go by the names of classes.
    keepNames: true,
    comments: { legal: true },
  });
  await copyBeside(folder, createRequire(sdk).resolve('source-map'), 'mappings.wasm');
  const files = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  await writeFile(path.join(folder, 'THIRD-PARTY-NOTICES.txt'), await thirdPartyNotices(files));
}

/** Puts a file that a package reads from its own folder where its code now is. */
async function copyBeside(folder: string, entry: string, name: string): Promise<void> {
  await copyFile(path.join(path.dirname(entry), 'lib', name), path.join(folder, name));
}

/**
 * Leaves out what the SDK bundles workflows with, webpack and a file system in memory: the package
 * brings the workflow's bundle along.
 */
function withoutBundler(file: string): Plugin {
  return {
    name: 'without-bundler',
    async load(id) {
      if (id !== file) return null;
      const code = await readFile(file, 'utf8');
      if (!code.includes('exports.WorkflowCodeBundler')) {
        throw new Error(`${file} is not what it was: look again at what the program needs of it.`);
      }
      return 'exports.defaultWorkflowInterceptorModules = [];';
    },
  };
}
