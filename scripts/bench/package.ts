/** The product as it is published: its program with the workflow's bundle beside it. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { bundleFiles, workflowsPath } from '../../src/temporal/workflow-code.ts';
import { buildProgram, PROGRAM } from '../build/build-program.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** Below the checkout, wherever the data are, so that the native core is found. */
const FOLDER = path.join(CHECKOUT, '.cache', 'bench-package');

/**
 * Builds the sources as they are now, as `npm run build` does, but into a folder of the benchmark's.
 *
 * @returns the program to run
 */
export async function buildPackage(): Promise<string> {
  await rm(FOLDER, { recursive: true, force: true });
  const dist = path.join(FOLDER, 'dist');
  await mkdir(dist, { recursive: true });
  await cp(path.join(CHECKOUT, 'package.json'), path.join(FOLDER, 'package.json'));
  await buildProgram(dist);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await writeFile(path.join(dist, path.basename(bundleFiles.code)), code);
  return path.join(dist, PROGRAM);
}
