/** `npm run bundle`: bundles the workflow, so that a worker starts without running webpack. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { bundleFiles, currentStamp, workflowsPath } from '../src/worker/workflow-code.ts';
import { runScript } from './options.ts';
import { explainFullDisk } from './services/full-disk.ts';

await runScript(async () => {
  const folder = path.dirname(bundleFiles.code);
  try {
    await mkdir(folder, { recursive: true });
    await bundle();
  } catch (error) {
    throw explainFullDisk(error, [folder], 'Free space there.');
  }
});

async function bundle(): Promise<void> {
  const stamp = currentStamp();
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });

  // The stamp is written last, and each file is renamed into place: a worker that starts meanwhile finds
  // either a complete bundle or none.
  await replaceFile(bundleFiles.stamp, '{}\n');
  await replaceFile(bundleFiles.code, code);
  await replaceFile(bundleFiles.stamp, `${JSON.stringify(stamp, undefined, 2)}\n`);
  console.log(`${bundleFiles.code}: ${Math.round(code.length / 1024)} KiB, SDK ${stamp.sdk}`);
}

async function replaceFile(file: string, content: string): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, file);
}
