/** `npm run bundle`: bundles the workflow, so that a worker starts without running webpack. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { bundleFiles, currentStamp, workflowsPath } from '../src/worker/workflow-code.ts';

const stamp = currentStamp();
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });

await mkdir(dirname(bundleFiles.code), { recursive: true });
// The stamp is written last, and each file is renamed into place: a worker that starts meanwhile finds
// either a complete bundle or none.
await replaceFile(bundleFiles.stamp, '{}\n');
await replaceFile(bundleFiles.code, code);
await replaceFile(bundleFiles.stamp, `${JSON.stringify(stamp, undefined, 2)}\n`);
console.log(`${bundleFiles.code}: ${Math.round(code.length / 1024)} KiB, SDK ${stamp.sdk}`);

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, path);
}
