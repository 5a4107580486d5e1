/** The workflow's code for workers of a test file: bundled once, from the sources as they are now. */
import { bundleWorkflowCode, DefaultLogger, Runtime, type LogEntry } from '@temporalio/worker';

import { workflowsPath } from '../../src/worker/workflow-code.ts';

const entries: LogEntry[] = [];
let bundle: Promise<{ readonly code: string }> | undefined;

// A process has one runtime, and its logger is the only way to see what a workflow logs.
Runtime.install({ logger: new DefaultLogger('INFO', (entry) => entries.push(entry)) });

/** Bundles the workflow when it is first asked for. */
export async function workflowBundle(): Promise<{ readonly code: string }> {
  bundle ??= bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return await bundle;
}

/** What workers, workflows and activities of this process have logged under that message. */
export function logged(message: string): readonly LogEntry[] {
  return entries.filter((entry) => entry.message === message);
}
