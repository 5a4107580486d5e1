import type { Command } from 'commander';

import { settingsReference } from '../config/settings.ts';
import type { SettingReference } from '../config/settings.ts';
import { TEMPORAL_VARIABLES } from '../temporal/connection-settings.ts';
import { indent, renderPairs } from './rendering/table.ts';

/** What stands below a command's options. */
export interface HelpSections {
  /**
   * The settings that matter to it: those whose names end so; or all, of which only the first few are
   * shown.
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

/** Every setting and each of Temporal's variables, with what they may be. */
export function renderAllSettings(): string {
  return [
    section(ENVIRONMENT, renderSettings(settingsReference())),
    section(TEMPORAL_ENVIRONMENT, renderTemporal(TEMPORAL_VARIABLES)),
  ].join('\n\n');
}

const ENVIRONMENT = 'Environment (an empty variable counts as not set)';
const TEMPORAL_ENVIRONMENT = "Temporal's own environment";

/** What a first run needs; endings of names. */
const FIRST_SETTINGS = ['DATABASE_URL', '_CLEANUP_TABLE', '_EXPIRES_COLUMN', '_EXPIRES_TYPE'];
const FIRST_OF_TEMPORAL = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'];
const MORE_SETTINGS = 'All of them: session-cleanup help settings';

function renderSections(sections: HelpSections): string {
  const parts = [
    ...renderEnvironment(sections),
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

function renderEnvironment({ settings: endings, temporal }: HelpSections): readonly string[] {
  const isShort = endings === 'all';
  const settings = settingsReference().filter(({ name }) =>
    (isShort ? FIRST_SETTINGS : endings).some((ending) => name.endsWith(ending)),
  );
  const variables = TEMPORAL_VARIABLES.filter(
    ({ name }) => !isShort || FIRST_OF_TEMPORAL.includes(name),
  );
  if (isShort) {
    const pairs = settings.map(({ name, meaning }) => [name, meaning] as const);
    const own = [
      ...pairs,
      ...(temporal ? variables.map(({ name, meaning }) => [name, meaning] as const) : []),
    ];
    return [section(ENVIRONMENT, `${renderPairs(own)}\n${MORE_SETTINGS}`)];
  }
  return [
    ...(settings.length === 0 ? [] : [section(ENVIRONMENT, renderSettings(settings))]),
    ...(temporal ? [section(TEMPORAL_ENVIRONMENT, renderTemporal(variables))] : []),
  ];
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

function renderTemporal(variables: typeof TEMPORAL_VARIABLES): string {
  return renderPairs(variables.map(({ name, meaning }) => [name, meaning]));
}

function renderExamples(examples: HelpSections['examples']): string {
  return examples.map(([command, meaning]) => `# ${meaning}\n${command}`).join('\n');
}
