/** The command line of `npm run bench`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Command, InvalidArgumentError, Option } from 'commander';

import { CASES, type CaseName } from './cases.ts';
import type { RowOrder } from './table-shape.ts';

/** What was asked for. */
export interface BenchOptions {
  readonly cases: readonly CaseName[];
  /** Sizes of tables; undefined: those that each case is defined with. */
  readonly rows: readonly number[] | undefined;
  /** Shares that have expired, 0 to 0.5; undefined: those of each case. */
  readonly expired: readonly number[] | undefined;
  readonly orders: readonly RowOrder[];
  readonly pairs: number;
  /** Absolute paths. */
  readonly json: string | undefined;
  readonly plots: string | undefined;
  /** A Markdown document to fill with tables. */
  readonly tables: string | undefined;
  readonly profile: string | undefined;
  readonly dataDirectory: string;
  /** Measures nothing, and draws what the JSON file holds. */
  readonly drawOnly: boolean;
}

const DEFAULT_DATA_DIRECTORY = fileURLToPath(new URL('../../.cache/bench', import.meta.url));

/**
 * Reads the arguments after `npm run bench --`.
 * @throws CommanderError after the help, or an explanation of what is wrong, was written; its
 *   `exitCode` is what to leave with.
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description(
      'Measures the clean-up against other ways to delete expired sessions: whole runs through Temporal, ' +
        'on a PostgreSQL and a Temporal server of its own, in turn with its rivals and each on a fresh copy ' +
        'of the same data. Prints medians and ratios.',
    )
    .addOption(
      new Option('--case <name...>', 'what to measure').choices(CASES.map(({ name }) => name)),
    )
    .option('--rows <count...>', 'rows of the table, such as 1000000 or 5M', collect(rowCount))
    .option(
      '--expired <percent...>',
      'share of the rows that has expired, up to 50',
      collect(share),
    )
    .addOption(
      new Option('--order <order...>', 'how rows lie in the table: in no order of expiry, or by it')
        .choices(['random', 'inserted'])
        .default(['random', 'inserted']),
    )
    .option('--pairs <count>', 'runs of each contender', pairCount, 5)
    .option(
      '--json <file>',
      'add the results to this file, in place of older ones of the same kind',
    )
    .option('--plots <folder>', 'draw the plots of all that the JSON file holds')
    .option(
      '--tables <document>',
      'write the tables of all that the JSON file holds into a document',
    )
    .option('--draw-only', 'measure nothing, only draw the plots and write the tables', false)
    .option('--profile <folder>', "keep the workers' CPU profiles, and what statements cost")
    .option('--data <folder>', 'where servers and templates are kept', DEFAULT_DATA_DIRECTORY)
    .helpOption('-h, --help', 'show this text')
    .addHelpText('after', HELP)
    .allowExcessArguments(false)
    .exitOverride((error) => {
      error.exitCode = error.exitCode === 0 ? 0 : 2;
      throw error;
    });
  const given = command.parse([...args], { from: 'user' }).opts<{
    case?: CaseName[];
    rows?: number[];
    expired?: number[];
    order: RowOrder[];
    pairs: number;
    json?: string;
    plots?: string;
    tables?: string;
    drawOnly: boolean;
    profile?: string;
    data: string;
  }>();
  const { plots, tables, drawOnly } = given;
  if ((plots !== undefined || tables !== undefined || drawOnly) && given.json === undefined) {
    command.error('error: plots and tables are made from the JSON file; name it by --json');
  }
  return {
    cases: given.case ?? CASES.map(({ name }) => name),
    rows: given.rows,
    expired: given.expired,
    orders: given.order,
    pairs: given.pairs,
    json: absolute(given.json),
    plots: absolute(given.plots),
    tables: absolute(given.tables),
    profile: absolute(given.profile),
    dataDirectory: path.resolve(given.data),
    drawOnly: given.drawOnly,
  };
}

const HELP = `
Cases:
${CASES.map(({ name, meaning }) => `  ${name.padEnd(11)} ${meaning}`).join('\n')}

Filled tables are kept as templates in the data folder; remove it to have the room back. A case of 10 M
rows needs about 20 GB on the disk.

Examples:
  npm run bench -- --case empty
  npm run bench -- --case backlog --rows 1M 5M --pairs 5
  npm run bench -- --case usual --rows 5M --expired 0.1 1 5 --order random
  npm run bench -- --json docs/benchmarks/results.json --plots docs/benchmarks --tables docs/benchmarks.md`;

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : path.resolve(file);
}

/** Commander hands each value of a list over by itself. */
function collect(read: (text: string) => number): (text: string, before?: number[]) => number[] {
  return (text, before = []) => [...before, read(text)];
}

function rowCount(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([kM]?)$/.exec(text) ?? [];
  const rows = Number(digits) * (unit === 'M' ? 1e6 : unit === 'k' ? 1e3 : 1);
  if (rows >= 1_000 && rows <= 1e8) return rows;
  throw new InvalidArgumentError('Allowed: 1000 to 100000000, or as 500k and 5M.');
}

function share(text: string): number {
  const percent = /^\d{1,2}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (percent > 0 && percent <= 50) return percent / 100;
  throw new InvalidArgumentError('Allowed: percents above 0, up to 50.');
}

function pairCount(text: string): number {
  const pairs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (pairs >= 1) return pairs;
  throw new InvalidArgumentError('Allowed: a whole number from 1.');
}
