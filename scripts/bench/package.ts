/** The product as it is published: compiled JavaScript with the workflow's bundle beside it. */
import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { bundleFiles, currentStamp } from '../../src/temporal/workflow-code.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds the sources as they are now, as `npm run build` does, but into a folder of the benchmark's.
 *
 * @param folder - below the checkout, so that the dependencies are found; emptied first
 * @returns the program to run
 */
export async function buildPackage(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  const dist = path.join(folder, 'dist');
  await mkdir(dist, { recursive: true });
  await cp(path.join(CHECKOUT, 'package.json'), path.join(folder, 'package.json'));
  await promisify(execFile)(
    process.execPath,
    [
      path.join('node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      dist,
    ],
    { cwd: CHECKOUT },
  );
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(dist, 'workflows', 'index.js'),
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(path.join(dist, path.basename(bundleFiles.code)), code);
  await writeFile(
    path.join(dist, path.basename(bundleFiles.stamp)),
    JSON.stringify(currentStamp()),
  );
  return path.join(dist, 'src', 'cli.js');
}
