/**
 * The published program: a few files with all packages that it uses. A worker's start then opens a dozen
 * files instead of 1,300, and needs less memory for code.
 */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { rolldown, type Plugin } from 'rolldown';
import { z } from 'zod';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** The SDK looks for this file beside its own code. */
const WORKFLOW_THREAD = 'workflow-worker-thread';

/** Locates its native code relative to itself. */
const NATIVE = '@temporalio/core-bridge';

/** An optional part of the PostgreSQL driver that is not used. */
const NEVER_LOADED = 'pg-native';

/** Loaded if an operator has installed and set it up; a copy of ours would not be the one that is set up. */
const TRACING = '@opentelemetry/api';

/** Read by the package source-map from its own folder. */
const MAPPINGS = 'mappings.wasm';

export const PROGRAM = 'cli.js';

/** Builds the program into a folder that exists; files of an earlier build are replaced. */
export async function buildProgram(folder: string): Promise<void> {
  const sdk = path.dirname(createRequire(import.meta.url).resolve('@temporalio/worker'));
  const build = await rolldown({
    cwd: CHECKOUT,
    platform: 'node',
    input: {
      cli: path.join(CHECKOUT, 'src', 'cli', 'main.ts'),
      [WORKFLOW_THREAD]: path.join(sdk, 'workflow', `${WORKFLOW_THREAD}.js`),
    },
    external: [NATIVE, NEVER_LOADED, TRACING],
    // For packages that read a file beside their code.
    // The oldest Node that the package supports.
    transform: { target: 'node22', define: { __dirname: 'import.meta.dirname' } },
    plugins: [withoutBundler(path.join(sdk, 'workflow', 'bundler.js'))],
    onLog(level, { code, message }) {
      if (level === 'warn') throw new Error(`${code ?? 'Warning'}: ${message}`);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    chunkFileNames: '[name].js',
    // The ORM and the errors of many packages rely on class names.
    keepNames: true,
    comments: { legal: true },
  });
  const sourceMap = path.dirname(createRequire(sdk).resolve('source-map'));
  await copyFile(path.join(sourceMap, 'lib', MAPPINGS), path.join(folder, MAPPINGS));
  const files = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  await writeFile(path.join(folder, 'THIRD-PARTY-NOTICES.txt'), await thirdPartyNotices(files));
}

/** Leaves out webpack, with which the SDK bundles workflows: the package contains the workflow's bundle. */
function withoutBundler(file: string): Plugin {
  return {
    name: 'without-bundler',
    async load(id) {
      if (id !== file) return null;
      const code = await readFile(file, 'utf8');
      if (!code.includes('exports.WorkflowCodeBundler')) {
        throw new Error(`${file}: unexpected content. Check what the program needs of it now.`);
      }
      return 'exports.defaultWorkflowInterceptorModules = [];';
    },
  };
}

const PACKAGE_FOLDER = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

const MANIFEST = z.object({ name: z.string(), version: z.string(), license: z.string() });

/** The licences of all packages that contain these files, which have to be distributed with the code. */
async function thirdPartyNotices(files: readonly string[]): Promise<string> {
  const folders = files.flatMap((file) => PACKAGE_FOLDER.exec(file)?.groups?.['folder'] ?? []);
  const notices = await Promise.all([...new Set(folders)].toSorted().map(noticeOf));
  return notices.join(`\n${'-'.repeat(80)}\n\n`);
}

async function noticeOf(folder: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const { name, version, license } = MANIFEST.parse(manifest);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = await Promise.all(
    files.map(async (file) => await readFile(path.join(folder, file), 'utf8')),
  );
  return [`${name} ${version}, ${license}\n`, ...texts].join('\n');
}
