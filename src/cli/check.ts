import { checkTemporal } from '../checks/check-temporal.ts';
import { worstOf, type Finding } from '../checks/finding.ts';
import { defineCommand } from './command.ts';
import { readFullConfig, withClient } from './context.ts';
import { reportError } from './errors.ts';
import { indent } from './rendering/table.ts';
import type { Paint } from './rendering/terminal.ts';

/** `session-cleanup check` */
export const addCheckCommand = defineCommand({
  name: 'check',
  summary: 'verify the setup',
  description:
    'Verifies everything that runs depend on, and changes nothing: connections to the database and ' +
    'Temporal, versions, tables, columns, units, indexes, foreign keys, triggers, row-level security, ' +
    'rights, old transactions, clocks, ledger, schedule, workers, and whether their version is the ' +
    'current one. Prints one line each, with a remedy where there is one.',
  settings: 'all',
  temporal: true,
  examples: [['session-cleanup check', 'before the first run, and after every change']],
  failed: 'an error was found; warnings alone do not count',
  run: async ({ context }) => {
    const { config, temporal } = readFullConfig(context);
    const { findProblems } = await import('./database.ts');
    const findings = (
      await Promise.all([
        orFinding('database', async () => await findProblems(config)),
        orFinding(
          'temporal',
          async () => await withClient(temporal, (client) => checkTemporal(client, config)),
        ),
      ])
    ).flat();
    const level = worstOf(findings);
    return {
      json: { level, findings },
      text: (paint) => findings.map((finding) => renderFinding(finding, paint)).join('\n'),
      hasFailed: level === 'error',
    };
  },
});

/** A part that cannot be checked at all is a finding too; the other part is still checked. */
async function orFinding(
  check: string,
  find: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await find();
  } catch (error) {
    return [{ check, level: 'error', message: reportError(error).message }];
  }
}

const STYLES = { ok: 'good', warning: 'warning', error: 'bad' } as const;

/** One finding in a line, its remedy below it. */
function renderFinding({ check, level, subject, message, remedy }: Finding, paint: Paint): string {
  const about = subject === undefined ? check : `${check} (${subject})`;
  const line = `${paint(STYLES[level], level.padEnd(8))} ${about}: ${message}`;
  return remedy === undefined ? line : `${line}\n${indent(remedy, 9)}`;
}
