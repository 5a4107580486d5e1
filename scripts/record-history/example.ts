/** Records the histories of the example in docs/changing-the-workflow.md. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Worker } from '@temporalio/worker';

import { DEFAULT_NAMESPACE } from '../services/temporal-server.ts';
import type { Laboratory } from './laboratory.ts';
import { writeHistory } from './write-history.ts';

/** Its name on the command line, and that of its folder. */
export const EXAMPLE = 'patched-change';

const FOLDER = fileURLToPath(new URL(`../../test/replay/${EXAMPLE}/`, import.meta.url));

/** The states that the example's workflow goes through, one file each. */
const STATES = ['before', 'patched', 'deprecated', 'after'] as const;

const TASK_QUEUE = 'example';

/** Runs the workflow once in each of its states; tells file and number of events. */
export async function* recordExample(
  laboratory: Laboratory,
): AsyncGenerator<readonly [file: string, events: number], void, void> {
  for (const state of STATES) {
    const worker = await Worker.create({
      connection: laboratory.connection,
      namespace: DEFAULT_NAMESPACE,
      taskQueue: TASK_QUEUE,
      identity: 'worker',
      workflowsPath: path.join(FOLDER, `${state}.ts`),
      activities: {
        announce: () => Promise.resolve(),
        deleteRows: () => Promise.resolve(3),
      },
    });
    const run = await laboratory.client.workflow.start('cleanUp', {
      workflowId: EXAMPLE,
      taskQueue: TASK_QUEUE,
    });
    await worker.runUntil(run.result());
    yield [`${EXAMPLE}/${state}`, await writeHistory(state, run, path.join(FOLDER, 'histories'))];
  }
}
