import { Option } from 'commander';

import { loadDatabaseSettings } from '../../config/load-config.ts';
import { DEFAULT_FILE } from '../../config/setting-of.ts';
import { numberText, sizeText, timeText } from '../../contract/text.ts';
import { quoteTable } from '../../database/sql.ts';
import type { Discovery } from '../../discovery/discover.ts';
import { defineCommand } from '../command.ts';
import { CommandFailure } from '../errors.ts';
import { indent, renderTable } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';
import { configText, isOn } from './config-text.ts';
import { requireNoFile, writeNewFile } from './write-new-file.ts';

interface InitOptions {
  readonly output: string;
  readonly print?: true;
  readonly force?: true;
}

/** `session-cleanup init` */
export const addInitCommand = defineCommand<InitOptions>({
  name: 'init',
  summary: 'find session tables and write the configuration file',
  description:
    'Finds tables of sessions and tokens in all schemas that the role can read, recognises known stores by their ' +
    `tables and columns, and writes a commented ${DEFAULT_FILE}. For each it shows the rows, how many of them have ` +
    'expired, the oldest, the size, the index and what is not known. A target that needs an answer, such as a unit ' +
    'or a time zone, is off, in comments that ask for it. Writes nothing to the database.',
  options: [
    new Option('--output <file>', 'the file to write').default(DEFAULT_FILE),
    new Option('--print', 'print the file to stdout and write nothing'),
    new Option('--force', 'overwrite the file if it exists'),
  ],
  settings: ['DATABASE_URL', '_LEDGER_SCHEMA'],
  examples: [
    ['session-cleanup init --print', 'show the file'],
    ['session-cleanup init', 'write it'],
  ],
  failed: 'no table was found, or the file cannot be written',
  run: async ({ context, options: { output, print: isPrinted = false, force = false } }) => {
    const database = loadDatabaseSettings(context.environment);
    if (!isPrinted && !force) await requireNoFile(output);
    const { discoverStores } = await import('../database.ts');
    const discovery = await discoverStores(database, output);
    if (discovery.targets.length === 0) {
      throw new CommandFailure(
        'No table that looks like sessions or tokens was found in the schemas that the role can see. Check the ' +
          `database in DATABASE_URL and the rights of its role, or describe the table in ${DEFAULT_FILE} by hand.`,
      );
    }
    const file = configText(discovery);
    if (!isPrinted) await writeNewFile(output, file, { overwrite: force });
    return {
      json: { file: isPrinted ? null : output, ...jsonOf(discovery) },
      text: (paint) => (isPrinted ? file : renderDiscovery(discovery, output, paint)),
    };
  },
});

function jsonOf({ targets, excluded }: Discovery): object {
  return {
    targets: targets.map((target) => {
      const { name, table, store = null, entry, facts = null, notes, openPoints } = target;
      const { schema, name: tableName, isReadable } = table;
      return {
        target: name,
        isOn: isOn(target),
        store,
        schema,
        table: tableName,
        isReadable,
        entry,
        ...facts,
        notes,
        openPoints,
      };
    }),
    excluded: excluded.map(({ table: { schema, name }, reason }) => ({
      schema,
      table: name,
      reason,
    })),
  };
}

function renderDiscovery({ targets, excluded }: Discovery, file: string, paint: Paint): string {
  const columns = [
    { title: 'target' },
    { title: 'table' },
    { title: 'rows', align: 'right' },
    { title: 'expired', align: 'right' },
    { title: 'oldest' },
    { title: 'size', align: 'right' },
    { title: 'state' },
  ] as const;
  const rows = targets.map((target) => {
    const { name, table, facts } = target;
    const about = facts?.isEstimate === true ? 'about ' : '';
    return [
      name,
      quoteTable({ ...table, table: table.name }),
      ...(facts === undefined
        ? ['', '', '', '']
        : [
            `${about}${numberText(facts.rows)}`,
            `${about}${numberText(facts.expiredRows)}`,
            facts.oldest === null ? '' : timeText(facts.oldest),
            sizeText(facts.bytes),
          ]),
      isOn(target) ? paint('good', 'on') : paint('warning', 'off'),
    ];
  });
  const details = targets.map(({ name, facts, notes, openPoints }) =>
    [
      paint('heading', name),
      ...(facts === undefined ? [] : [indent(facts.index)]),
      ...notes.map((note) => indent(note)),
      ...openPoints.map((point) => indent(paint('warning', `Open: ${point}`))),
    ].join('\n'),
  );
  const off = targets.filter((target) => !isOn(target)).length;
  const next =
    off === targets.length
      ? `Written: ${file}. No target is on: settle the open points in it first. Then: session-cleanup check`
      : `Written: ${file}${off === 0 ? '' : `, with ${off} of ${targets.length} targets off until their open points are settled`}. ` +
        'Next: session-cleanup check';
  return [
    renderTable(columns, rows),
    ...details,
    ...excluded.map(
      ({ table, reason }) =>
        `Not a target: ${quoteTable({ ...table, table: table.name })}: ${reason}.`,
    ),
    next,
  ].join('\n\n');
}
