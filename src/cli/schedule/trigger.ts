import type { Command } from 'commander';

import { triggerSchedule } from '../../schedule/trigger.ts';
import type { TriggerOutcome } from '../../schedule/trigger.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { withClient } from '../temporal-client.ts';

/** `session-cleanup schedule trigger` */
export function addTriggerCommand(parent: Command, { act, context }: Invocation): void {
  const command = parent
    .command('trigger')
    .summary('start a run through the schedule now')
    .description(
      'Starts a run as for a slot that is due now, and tells whether one really started: not if a run ' +
        'of the schedule is going on. A paused schedule runs too, and stays paused. To wait for the ' +
        'result, use: session-cleanup run start',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [['session-cleanup schedule trigger', 'run now']],
    failed: 'failed, or no run started',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const outcome = await triggerSchedule(client, config.schedule.scheduleId);
      writeResult(context, options.json, outcome, () => renderTriggered(outcome));
      return outcome.kind === 'started' ? EXIT.done : EXIT.failed;
    });
  });
}

function renderTriggered(outcome: TriggerOutcome): string {
  switch (outcome.kind) {
    case 'started':
      return `Started ${outcome.run.workflowId} (run ${outcome.run.runId}).`;
    case 'skipped':
      return (
        `Started nothing: a run of the schedule is going on (${outcome.running.join(', ')}). ` +
        `Wait for it, or start one beside it: session-cleanup run start`
      );
    case 'unseen':
      return (
        'Temporal accepted the trigger, but no run was seen to start. Two starts within one second ' +
        'become one: look at session-cleanup status, and try again.'
      );
  }
}
