import type { Command } from 'commander';

import { didYouMean } from '../config/did-you-mean.ts';
import { settingsReference, type SettingReference } from '../config/settings.ts';
import { TEMPORAL_VARIABLES } from '../temporal/connection-settings.ts';
import type { Invocation } from './context.ts';
import { EXIT, InputError } from './errors.ts';
import { indent, renderPairs } from './rendering/table.ts';

/** The help below a command's options. */
export interface HelpSections {
  /** The settings that it uses, by the ends of their names; or all, of which only the first are shown. */
  readonly settings: 'all' | readonly string[];
  /** True: it connects to Temporal. */
  readonly temporal?: boolean;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** Meaning of exit code 1, if not only that the command failed. */
  readonly failed?: string;
}

/** Settings that describe the target, by the ends of their names. */
export const TARGET_SETTINGS = [
  'DATABASE_URL',
  '_CONFIG',
  '_PRESET',
  '_TABLE',
  '_EXPIRES_COLUMN',
  '_EXPIRES_TYPE',
  '_LIFETIME',
  '_TIME_ZONE',
  '_CASCADE',
  '_GRACE',
] as const;

/** Adds environment, examples and exit codes to a command's help. */
export function addHelpSections(command: Command, sections: HelpSections): void {
  command.addHelpText('after', () => renderSections(sections));
}

/** Topic of the help that lists every setting. */
const SETTINGS_TOPIC = 'settings';

/** `session-cleanup help [command]`, and the same below a group of commands. */
export function addHelpCommand(parent: Command, { act, context }: Invocation): void {
  const isProgram = parent.parent === null;
  const command = parent
    .command('help')
    .summary(isProgram ? `show the help of a command, or of "${SETTINGS_TOPIC}"` : 'show the help')
    .description(
      'Shows the help of a command' +
        (isProgram ? `; "help ${SETTINGS_TOPIC}" lists all environment variables.` : '.'),
    )
    .argument('[command...]', 'the command');
  act(command, () => {
    const { args } = command;
    if (isProgram && args.length === 1 && args[0] === SETTINGS_TOPIC) {
      context.stdout.write(`${renderAllSettings()}\n`);
    } else {
      findCommand(parent, args).outputHelp();
    }
    return Promise.resolve(EXIT.done);
  });
}

function findCommand(parent: Command, names: readonly string[]): Command {
  const [name, ...rest] = names;
  if (name === undefined) return parent;
  const found = parent.commands.find((command) => command.name() === name);
  if (found !== undefined) return findCommand(found, rest);
  const known = parent.commands.map((command) => command.name());
  const meant = didYouMean(name, parent.parent === null ? [...known, SETTINGS_TOPIC] : known);
  throw new InputError(
    `unknown command ${JSON.stringify(name)}. ` +
      (meant === undefined ? `Known: ${known.join(', ')}.` : `Did you mean ${meant}?`),
  );
}

const ENVIRONMENT = 'Environment (an empty variable counts as not set)';
const TEMPORAL_ENVIRONMENT = "Temporal's own environment";

/** What a first run needs; ends of names. */
const FIRST_SETTINGS = [
  'DATABASE_URL',
  '_CLEANUP_CONFIG',
  '_PRESET',
  '_CLEANUP_TABLE',
  '_EXPIRES_COLUMN',
  '_EXPIRES_TYPE',
];
const FIRST_OF_TEMPORAL = ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE'];
const MORE_SETTINGS = 'All of them: session-cleanup help settings';

function renderAllSettings(): string {
  return [
    section(ENVIRONMENT, renderSettings(settingsReference())),
    section(TEMPORAL_ENVIRONMENT, renderMeanings(TEMPORAL_VARIABLES)),
  ].join('\n\n');
}

function renderSections(sections: HelpSections): string {
  const examples = sections.examples.map(([command, meaning]) => `# ${meaning}\n${command}`);
  const exitCodes = [
    ['0', 'done'],
    ['1', sections.failed ?? 'failed'],
    ['2', 'invalid input; no connection was opened'],
  ] as const;
  const parts = [
    ...renderEnvironment(sections),
    section('Examples', examples.join('\n')),
    section('Exit codes', renderPairs(exitCodes)),
  ];
  return `\n${parts.join('\n\n')}`;
}

function renderEnvironment({ settings, temporal = false }: HelpSections): readonly string[] {
  const endings = settings === 'all' ? FIRST_SETTINGS : settings;
  const own = settingsReference().filter(({ name }) => endings.some((end) => name.endsWith(end)));
  if (settings === 'all') {
    const first = TEMPORAL_VARIABLES.filter(({ name }) => FIRST_OF_TEMPORAL.includes(name));
    const shown = renderMeanings([...own, ...(temporal ? first : [])]);
    return [section(ENVIRONMENT, `${shown}\n${MORE_SETTINGS}`)];
  }
  return [
    section(ENVIRONMENT, renderSettings(own)),
    ...(temporal ? [section(TEMPORAL_ENVIRONMENT, renderMeanings(TEMPORAL_VARIABLES))] : []),
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

function renderMeanings(
  variables: readonly { readonly name: string; readonly meaning: string }[],
): string {
  return renderPairs(variables.map(({ name, meaning }) => [name, meaning]));
}
