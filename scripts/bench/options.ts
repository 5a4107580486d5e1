/** The command line of `npm run bench`. */
import { fileURLToPath } from 'node:url';

import { InvalidArgumentError, Option } from 'commander';

import { scriptCommand, wholeNumber } from '../options.ts';
import { CASES, type CaseOptions } from './cases.ts';

export interface BenchOptions extends CaseOptions {
  /** Names of cases. */
  readonly case: readonly string[];
  /** Files and folders. */
  readonly json?: string;
  readonly plots?: string;
  readonly tables?: string;
  readonly profile?: string;
  readonly data: string;
  readonly drawOnly: boolean;
}

const DATA = fileURLToPath(new URL('../../.cache/bench', import.meta.url));
const NAMES = CASES.map(({ name }) => name);

/**
 * Reads the arguments after `npm run bench --`.
 * @throws CommanderError after the help or a refusal was written
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const command = scriptCommand('npm run bench --')
    .description(
      'Measures the clean-up against other ways to delete expired sessions: whole runs through Temporal, ' +
        'on a PostgreSQL and a Temporal server of its own, in turn with the other ways and each on a fresh ' +
        'copy of the same data. Prints medians and ratios.',
    )
    .addOption(
      new Option('--case <name...>', 'what to measure').choices(NAMES).default(NAMES, 'all'),
    )
    .option('--rows <count...>', 'rows of the table, such as 1000000 or 5M', collect(rowCount))
    .option('--expired <percent...>', 'expired share of the rows, up to 50', collect(share))
    .addOption(
      new Option('--order <order...>', 'how rows are ordered by expiry in the table')
        .choices(['random', 'inserted'])
        .default(['random', 'inserted']),
    )
    .option('--pairs <count>', 'runs of each contender', wholeNumber(1, 999), 5)
    .option('--json <file>', 'add the results to this file, in place of those of the same kind')
    .option('--plots <folder>', 'draw the plots of the JSON file')
    .option('--tables <document>', 'write the tables of the JSON file into a document')
    .option('--draw-only', 'measure nothing, only draw the plots and write the tables', false)
    .option('--profile <folder>', "keep the workers' CPU profiles, and what statements cost")
    .option('--data <folder>', 'where servers and templates are kept', DATA)
    .addHelpText('after', HELP);
  const options = command.parse([...args], { from: 'user' }).opts<BenchOptions>();
  const { json, plots, tables, drawOnly } = options;
  if (json === undefined && (plots !== undefined || tables !== undefined || drawOnly)) {
    command.error('error: plots and tables are made from the JSON file; name it by --json');
  }
  return options;
}

const HELP = `
Cases:
${CASES.map(({ name, meaning }) => `  ${name.padEnd(18)} ${meaning}`).join('\n')}

Filled tables are kept as templates in the data folder; remove it to free the space. A case of 10 M rows
needs about 20 GB on the disk.

Examples:
  npm run bench -- --case empty
  npm run bench -- --case backlog --rows 1M 5M --pairs 5
  npm run bench -- --case usual --rows 5M --expired 0.1 1 5 --order random
  npm run bench -- --json docs/benchmarks/results.json --plots docs/benchmarks --tables docs/benchmarks.md`;

/** Commander passes each value of a list by itself. */
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
