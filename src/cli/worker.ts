import type { Command } from 'commander';

import { addHelpSections } from './help-text.ts';
import type { Invocation } from './invocation.ts';

/** `session-cleanup worker` */
export function addWorkerCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('worker')
    .summary('do the work: poll Temporal, delete, until told to stop')
    .description(
      'Does the work until it is told to stop. At its start it makes the schedule what the ' +
        'configuration says (see SESSION_CLEANUP_SCHEDULE). It waits for a database and a Temporal ' +
        'server that are down; a wrong login, a missing database, namespace or ledger ends it at once. ' +
        'Run as many as you like.\n\n' +
        'Ctrl-C and SIGTERM stop it gracefully: it finishes the transaction in hand and leaves the rest ' +
        'to another worker. A second signal ends it at once, which costs no count either.\n\n' +
        'Logs go to standard output, as JSON unless that is a terminal.',
    );
  addHelpSections(command, {
    settings: 'all',
    temporal: true,
    examples: [
      ['session-cleanup worker', 'here and now'],
      ['SESSION_CLEANUP_SCHEDULE=off session-cleanup worker', 'leave the schedule alone'],
    ],
    failed: 'failed: could not start, or had to be ended',
  });
  // Loads the SDK's native core and the ORM, which nothing else needs.
  act(command, async () => await (await import('./worker-process.ts')).runWorker(context));
}
