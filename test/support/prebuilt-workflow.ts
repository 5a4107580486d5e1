/** The workflow's code for worker processes: bundled once, before the first of them starts. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { workflowCode } from '../../src/worker/workflow-code.ts';

const BUNDLE_SCRIPT = fileURLToPath(new URL('../../scripts/bundle.ts', import.meta.url));

/**
 * Bundles the workflow unless that has been done since it was last changed. Without it every worker
 * would bundle for itself, which takes longer than all the rest of its start.
 */
export function prebuildWorkflow(): void {
  if ('workflowsPath' in workflowCode()) execFileSync(process.execPath, [BUNDLE_SCRIPT]);
}
