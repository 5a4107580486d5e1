import type { Client } from '@temporalio/client';
import type { Command } from 'commander';

import { PROGRESS_QUERY } from '../contract.ts';
import { findRunningId } from '../temporal/steer.ts';
import { waitForRun } from '../temporal/run.ts';
import { readTemporalConfig, writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from './invocation.ts';
import { createPainter } from './rendering/painter.ts';
import { renderOutcome } from './run-text.ts';
import { withClient } from './temporal-client.ts';

/** A worker answers queries at once. Milliseconds. */
const ANSWER_WITHIN = 10_000;

/** `session-cleanup run show` */
export function addRunShowCommand(run: Command, { act, context }: Invocation): void {
  const command = run
    .command('show')
    .summary('what a run has done so far, or did')
    .description(
      'Shows a run: while it goes on, its details as the Web UI has them (needs a worker); when it has ended, its result.',
    )
    .argument('[workflow-id]', 'the run; without it, the one that is going on')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_TASK_QUEUE'],
    temporal: true,
    examples: [
      ['session-cleanup run show', 'the run that is going on'],
      ['session-cleanup run show session_cleanup-2026-11-20T06:00:00Z', 'that of six o’clock'],
    ],
    failed: 'failed: no such run, or no worker answers for one that is going on',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const [given] = command.args;
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const workflowId = given ?? (await findRunningId(client, config.taskQueue));
      const { runId, status } = await client.workflow.getHandle(workflowId).describe();
      if (status.name === 'RUNNING') {
        const { progress, details } = await askRun(client, workflowId);
        writeResult(context, options.json, { workflowId, runId, state: 'running', progress }, () =>
          [`${workflowId} is going on.`, '', details].join('\n'),
        );
      } else {
        const outcome = await waitForRun(client, { workflowId, runId });
        const painter = createPainter(context.stdout, context.environment);
        writeResult(context, options.json, { workflowId, runId, ...outcome }, () =>
          renderOutcome(outcome, { isDryRun: false, painter }),
        );
      }
      return EXIT.done;
    });
  });
}

/** What the run itself says: its figures for machines, and the words that the Web UI shows. */
async function askRun(
  client: Client,
  workflowId: string,
): Promise<{ readonly progress: unknown; readonly details: string }> {
  const handle = client.workflow.getHandle(workflowId);
  return await client.withDeadline(Date.now() + ANSWER_WITHIN, async () => {
    const progress = await handle.query(PROGRESS_QUERY);
    const metadata = await handle.query<{ readonly currentDetails?: string }>(
      '__temporal_workflow_metadata',
    );
    return { progress, details: metadata.currentDetails ?? '' };
  });
}
