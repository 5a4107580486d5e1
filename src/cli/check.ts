import type { Command } from 'commander';

import { worstOf, type Finding, type Level } from '../checks/finding.ts';
import { checkTemporal } from '../checks/check-temporal.ts';
import { readFullConfig, writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from './invocation.ts';
import { createPainter, type Painter } from './rendering/painter.ts';
import { indent } from './rendering/table.ts';
import { reportError } from './report-error.ts';
import { withClient } from './temporal-client.ts';

/** `session-cleanup check` */
export function addCheckCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('check')
    .summary('look whether everything is set up right')
    .description(
      'Looks at everything that runs depend on, and changes nothing: database and Temporal reachable, ' +
        'versions, tables, columns, units, indexes, foreign keys, triggers, row-level security, rights, ' +
        'old transactions, clocks, ledger, schedule, workers, and whether their version is the current one. One line each, with ' +
        'the remedy where there is one.',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: 'all',
    temporal: true,
    examples: [['session-cleanup check', 'before the first run, and after every change']],
    failed: 'an error was found; warnings alone are no failure',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { config, temporal } = readFullConfig(context);
    const { checkDatabaseOf } = await import('./database.ts');
    const [database, server] = await Promise.all([
      orError('database', async () => await checkDatabaseOf(config)),
      orError(
        'temporal',
        async () =>
          await withClient(temporal, async (client) => await checkTemporal(client, config)),
      ),
    ]);
    const findings = [...database, ...server];
    const level = worstOf(findings);
    const painter = createPainter(context.stdout, context.environment);
    writeResult(context, options.json, { level, findings }, () =>
      findings.map((finding) => renderFinding(finding, painter)).join('\n'),
    );
    return level === 'error' ? EXIT.failed : EXIT.done;
  });
}

/** What can't be asked at all is a finding as well; the other part is looked at all the same. */
async function orError(
  check: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [{ check, level: 'error', message: reportError(error).message }];
  }
}

/** One finding in a line, its remedy below it. */
function renderFinding(finding: Finding, painter: Painter): string {
  const { check, level, subject, message, remedy } = finding;
  const about = subject === undefined ? check : `${check} (${subject})`;
  const line = `${paint(level, painter)} ${about}: ${message}`;
  return remedy === undefined ? line : `${line}\n${indent(remedy, 9)}`;
}

function paint(level: Level, painter: Painter): string {
  const word = level.padEnd(8);
  switch (level) {
    case 'ok':
      return painter.good(word);
    case 'warning':
      return painter.warning(word);
    case 'error':
      return painter.bad(word);
  }
}
