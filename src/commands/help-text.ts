import type { Command } from 'commander';

import { settingsReference } from '../config/settings-reference.ts';
import type { SettingReference } from '../config/settings-reference.ts';
import { TEMPORAL_VARIABLES } from '../temporal/temporal-variables.ts';
import { indent, renderPairs } from './rendering/table.ts';

/** What stands below a command's options. */
export interface HelpSections {
  /**
   * The settings that matter to it: all, or those whose names end so. Without `database`, the address
   * is not needed.
   */
  readonly settings: 'all' | readonly string[];
  /** Whether it talks to Temporal. */
  readonly temporal: boolean;
  /** Each with what it does. */
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** What each exit code means here, where it is not the usual. */
  readonly failed?: string;
}

/** Writes a command's environment, examples and exit codes below its options. */
export function addHelpSections(command: Command, sections: HelpSections): Command {
  return command.addHelpText('after', () => renderSections(sections));
}

function renderSections(sections: HelpSections): string {
  const settings = settingsReference().filter(
    ({ name }) =>
      sections.settings === 'all' || sections.settings.some((ending) => name.endsWith(ending)),
  );
  const parts = [
    ...(settings.length === 0
      ? []
      : [section('Environment (an empty variable counts as not set)', renderSettings(settings))]),
    ...(sections.temporal ? [section("Temporal's own environment", renderTemporal())] : []),
    section('Examples', renderExamples(sections.examples)),
    section(
      'Exit codes',
      renderPairs([
        ['0', 'done'],
        ['1', sections.failed ?? 'failed'],
        ['2', 'bad input: nothing was connected to'],
      ]),
    ),
  ];
  return `\n${parts.join('\n\n')}`;
}

function section(title: string, body: string): string {
  return `${title}:\n${indent(body)}`;
}

function renderSettings(settings: readonly SettingReference[]): string {
  return settings
    .map(({ name, meaning, default: usual, unset, allowed }) =>
      [
        `${name} (${usual === undefined ? `without it: ${unset}` : `default: ${usual}`})`,
        indent(`${meaning}:`, 4),
        indent(allowed, 4),
      ].join('\n'),
    )
    .join('\n');
}

function renderTemporal(): string {
  return renderPairs(TEMPORAL_VARIABLES.map(({ name, meaning }) => [name, meaning]));
}

function renderExamples(examples: HelpSections['examples']): string {
  return examples.map(([command, meaning]) => `# ${meaning}\n${command}`).join('\n');
}
