/**
 * Compares the documents with the code. `npm run docs` writes the generated tables anew.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Command } from 'commander';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';

import { createProgram } from '../../src/cli/program.ts';
import { NOT_A_TARGET, PRESETS } from '../../src/config/presets.ts';
import { ruleText } from '../../src/config/rule-text.ts';
import { OTLP, settingsReference } from '../../src/config/settings.ts';
import { COUNTERS, GAUGES, HISTOGRAMS, metricName } from '../../src/contract/metrics.ts';
import type { MetricDefinition } from '../../src/contract/metrics.ts';
import { TEMPORAL_VARIABLES } from '../../src/temporal/connection-settings.ts';
import { headingAnchors } from '../support/heading-anchors.ts';
import { INDEXED } from '../stores/rows.ts';

const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md').toSorted()];

/** Rows of cells, below the row of headings. */
type Table = readonly (readonly string[])[];

/** What stands between `<!-- generated: NAME -->` and `<!-- end -->`. */
const GENERATED: Readonly<Record<string, () => Table>> = {
  settings: () => [
    ['setting', 'meaning', 'default', 'allowed'],
    ...settingsReference().map(({ name, meaning, default: usual, unset = '', allowed }) => [
      code(name),
      meaning,
      usual === undefined ? unset : code(usual),
      allowed,
    ]),
  ],
  'temporal-variables': () => [
    ['variable', 'meaning'],
    ...TEMPORAL_VARIABLES.map(({ name, meaning }) => [code(name), meaning]),
  ],
  commands: () => [
    ['command', 'what it does'],
    ...commands().map(({ name, command }) => [
      code([name, ...command.registeredArguments.map((it) => `[${it.name()}]`)].join(' ')),
      command.summary(),
    ]),
  ],
  options: () => [
    ['command', 'option', 'meaning'],
    ...commands().flatMap(({ name, command }) =>
      command.options
        .filter(({ long }) => long !== '--json')
        .map(({ flags, description }) => [code(name), code(flags), description]),
    ),
  ],
  'otlp-variables': () => [
    ['variable', 'meaning', 'default', 'allowed'],
    ...Object.values(OTLP).map(({ name, meaning, default: usual, unset = '', allowed }) => [
      code(name),
      meaning,
      usual === undefined ? unset : code(usual),
      allowed,
    ]),
  ],
  metrics: () => [
    ['metric', 'kind', 'labels', 'meaning'],
    ...metrics('counter', COUNTERS, '_total'),
    ...metrics('histogram', HISTOGRAMS, '_seconds'),
    ...metrics('gauge', GAUGES, ''),
  ],
  presets: () => [
    ['preset', 'store', 'table', 'a row expires', 'index', 'tested with'],
    ...Object.entries(PRESETS).map(([name, { store, source, target }]) => [
      code(name),
      `[${store}](${source})`,
      code(target.table ?? ''),
      ruleText(target),
      INDEXED.has(name) ? 'yes' : 'no',
      isTestedWithLibrary(name) ? 'the library' : 'its tables',
    ]),
  ],
  'preset-notes': () => [
    ['preset', 'note'],
    ...Object.entries(PRESETS).flatMap(([name, { note }]) =>
      note === undefined ? [] : [[code(name), note]],
    ),
  ],
  'not-a-target': () => [['table', 'reason'], ...Object.entries(NOT_A_TARGET)],
  'final-failures': () => failures('FAILURE'),
  'retried-failures': () => failures('RETRYABLE_FAILURE'),
};

describe.for(DOCUMENTS)('%s', (document) => {
  const text = readFileSync(document, 'utf8');

  test('has the generated tables that the code gives', async () => {
    const written = text.replaceAll(
      /(?<=<!-- generated: ([\w-]+) -->\n).*?(?=<!-- end -->)/gs,
      (_, name: string) => `\n${render(GENERATED[name]?.() ?? [])}\n\n`,
    );
    const formatted = await format(written, {
      ...(await resolveConfig(document)),
      parser: 'markdown',
    });
    await expect(formatted).toMatchFileSnapshot(`../../${document}`);
  });

  test('links to files and headings that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)/g)];
    const broken = links.filter(([, file = '', anchor]) => {
      const target = file === '' ? document : path.join(path.dirname(document), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !headingAnchors(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  test('names files that exist', () => {
    const names = [
      ...text.matchAll(/`((?:src|workflows|activities|scripts|test|docs)\/[\w./-]*)`/g),
    ].map(([, name = '']) => name);
    const missing = names.filter(
      (name) => ![name, `${name}.ts`, `${name}.test.ts`].some((file) => existsSync(file)),
    );
    expect(missing).toEqual([]);
  });
});

function metrics(
  kind: string,
  definitions: Readonly<Record<string, MetricDefinition>>,
  suffix: string,
): Table {
  return Object.entries(definitions).map(([name, { labels, help }]) => [
    code(`${metricName(name)}${suffix}`),
    kind,
    labels.map(code).join(' '),
    help,
  ]);
}

/** Whether a test of real libraries names the preset. */
function isTestedWithLibrary(preset: string): boolean {
  return globSync(['test/stores/*/*.test.ts', 'scripts/dev/stores/*.ts']).some((file) =>
    readFileSync(file, 'utf8').includes(`'${preset}'`),
  );
}

/** All commands that do something, by their full name. */
function commands(): readonly { readonly name: string; readonly command: Command }[] {
  const program = createProgram({
    context: { environment: {}, stdout: process.stdout, stderr: process.stderr },
    act: () => undefined,
  });
  const below = (parent: Command, prefix: string): ReturnType<typeof commands> =>
    parent.commands
      .filter((command) => command.name() !== 'help')
      .flatMap((command) => {
        const name = `${prefix}${command.name()}`;
        return command.commands.length > 0 ? below(command, `${name} `) : [{ name, command }];
      });
  return below(program, '');
}

/** The types in this constant of the contract: the first sentence of a comment is the meaning. */
function failures(constant: string): Table {
  const source = readFileSync('src/contract/failures.ts', 'utf8');
  const [body = ''] = source.split(`export const ${constant} = {`)[1]?.split('} as const') ?? [];
  const members = body.matchAll(/\/\*\*(.*?)\*\/\s+\w+: '(\w+)'/gs);
  return [
    ['type', 'meaning', 'remedy'],
    ...[...members].map(([, comment = '', type = '']) => {
      const text = comment.replaceAll(/\s+(\* )?/g, ' ').trim();
      const [meaning = '', ...remedy] = text.split(/(?<=\.) (?=[A-Z`])/);
      return [code(type), meaning, remedy.join(' ')];
    }),
  ];
}

function render([headings = [], ...rows]: Table): string {
  return [headings, headings.map(() => '---'), ...rows]
    .map((cells) => cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | '))
    .join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
