import { Document, Scalar } from 'yaml';

import { countText, numberText, sizeText, timeText } from '../../contract/text.ts';
import { quoteTable } from '../../database/sql.ts';
import type { Discovery } from '../../discovery/discover.ts';
import type { Examined, RowFacts } from '../../discovery/examine.ts';
import { indent } from '../rendering/table.ts';

const HEADER = `\
# yaml-language-server: $schema=./node_modules/session-cleanup/session-cleanup.schema.json
#
# Written by "session-cleanup init" from the tables of the database. A target whose lines begin with "#", without a
# blank, is off: settle what is marked "Open", complete its lines, and remove the "#". Then run "session-cleanup
# check" and "session-cleanup preview".
`;

/** The configuration file for what was found. Targets with open points are in it as comments. */
export function configText({ targets, excluded }: Discovery): string {
  const blocks = [
    ...targets.map((target) => indent(targetText(target))),
    ...excluded.map(({ table, reason }) =>
      indent(comment(`Not a target: ${quoteTable({ ...table, table: table.name })}: ${reason}.`)),
    ),
  ];
  return `${HEADER}targets:\n${blocks.join('\n\n')}\n`;
}

/** Whether a target is on: nothing is open. */
export function isOn({ openPoints }: Examined): boolean {
  return openPoints.length === 0;
}

/** What is known of a target's rows, in one line. */
function factsText({ rows, expiredRows, oldest, isEstimate, bytes }: RowFacts): string {
  const about = isEstimate ? 'about ' : '';
  const since = oldest === null ? '' : `, the oldest at ${timeText(oldest)}`;
  return `${about}${numberText(expiredRows)} of ${countText(rows, 'row')} expired${since}; ${sizeText(bytes)}`;
}

function targetText(target: Examined): string {
  const { table, store, facts, notes, openPoints } = target;
  const comments = [
    `${quoteTable({ ...table, table: table.name })}: ${store ?? 'no store that is known'}.`,
    ...(facts === undefined ? [] : [`${factsText(facts)}; ${facts.index}`]),
    ...notes,
    ...openPoints.map((point) => `Open: ${point}`),
  ];
  const entry = entryText(target);
  return [...comments.map(comment), isOn(target) ? entry : entry.replaceAll(/^( *)/gm, '$1#')].join(
    '\n',
  );
}

/** The target as YAML; keys that the operator fills in have no value, which the loader refuses. */
function entryText({ name, entry, blanks }: Examined): string {
  const document = new Document({ [name]: entry });
  for (const [key, allowed] of Object.entries(blanks)) {
    const blank = new Scalar(null);
    blank.comment = ` ${allowed}`;
    document.setIn([name, ...key.split('.')], blank);
  }
  return document.toString({ lineWidth: 0, nullStr: '' }).trimEnd();
}

const WIDTH = 110;

/** A comment of as many lines as it needs. A name may hold a line break, which must not end the comment. */
function comment(text: string): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line.length > 0 && line.length + word.length >= WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `# ${line}`).join('\n');
}
