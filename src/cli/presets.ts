import { stringify } from 'yaml';

import { explainNoPreset, findPreset } from '../config/find-preset.ts';
import { NOT_A_TARGET, PRESETS, type Preset } from '../config/presets.ts';
import { ruleText } from '../config/rule-text.ts';
import { defineCommand } from './command.ts';
import { InputError } from './errors.ts';
import { renderPairs, renderTable } from './rendering/table.ts';

/** `session-cleanup presets` */
export const addPresetsCommand = defineCommand({
  name: 'presets',
  summary: 'list the known stores and their rules',
  description:
    'Lists the presets: rules for the tables of known stores. A target uses one by its name, and may ' +
    'override every key. With a name: where the rule comes from, what to decide, and the entry for ' +
    'session-cleanup.yaml. Needs no database.',
  argument: ['[name]', 'the preset to show'],
  settings: ['_CLEANUP_CONFIG', '_PRESET'],
  examples: [
    ['session-cleanup presets', 'all presets'],
    ['session-cleanup presets django-sessions', 'one, as an entry for session-cleanup.yaml'],
  ],
  run: ({ argument }) => {
    if (argument === undefined) {
      return Promise.resolve({
        json: Object.keys(PRESETS).map((name) => describePreset(name, presetOf(name))),
        text: renderList,
      });
    }
    const preset = presetOf(argument);
    return Promise.resolve({
      json: describePreset(argument, preset),
      text: () => renderEntry(argument, preset),
    });
  },
});

/** @throws InputError for a name that no preset has */
function presetOf(name: string): Preset {
  const preset = findPreset(name);
  if (preset === undefined) throw new InputError(explainNoPreset(name));
  return preset;
}

function describePreset(name: string, { store, source, note, target }: Preset): object {
  return { name, store, table: target.table, rule: ruleText(target), source, note, target };
}

function renderList(): string {
  const rows = Object.entries(PRESETS).map(([name, { target }]) => [
    name,
    target.table ?? '',
    ruleText(target),
  ]);
  return [
    renderTable([{ title: 'PRESET' }, { title: 'TABLE' }, { title: 'A ROW EXPIRES' }], rows),
    'Not to be cleaned by expiry:',
    renderPairs(Object.entries(NOT_A_TARGET)),
  ].join('\n\n');
}

/** An entry that names the preset, with the keys that it stands for as a comment. */
function renderEntry(name: string, { store, source, note, target }: Preset): string {
  const comments = [
    store,
    `A row expires ${ruleText(target)}.`,
    ...(note === undefined ? [] : [note]),
    source,
  ];
  const keys = stringify(target).trimEnd().split('\n');
  return [
    ...comments.map((line) => `# ${line}`),
    'targets:',
    `  ${name}:`,
    `    preset: ${name}`,
    '    # which stands for these keys; any of them may be written here instead:',
    ...keys.map((line) => `    # ${line}`),
  ].join('\n');
}
