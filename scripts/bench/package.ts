/** The product as it is published: its program with the workflow's bundle beside it. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { bundleFiles, workflowsPath } from '../../src/temporal/workflow-code.ts';
import { buildProgram, PROGRAM } from '../build/build-program.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds the sources as they are now, as `npm run build` does, but into a folder of the benchmark's.
 *
 * @param folder - below the checkout, so that the native core is found; emptied first
 * @returns the program to run
 */
export async function buildPackage(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  const dist = path.join(folder, 'dist');
  await mkdir(dist, { recursive: true });
  await cp(path.join(CHECKOUT, 'package.json'), path.join(folder, 'package.json'));
  await buildProgram(dist);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await writeFile(path.join(dist, path.basename(bundleFiles.code)), code);
  return path.join(dist, PROGRAM);
}
