import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { settingsReference } from '../../src/config/settings.ts';
import { TEMPORAL_VARIABLES } from '../../src/temporal/connection-settings.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

it('the README has the table of settings', () => {
  expect(tableBelow('| variable | meaning | default | allowed |')).toEqual(
    settingsReference().map(({ name, meaning, default: usual, unset = '', allowed }) => [
      `\`${name}\``,
      meaning,
      usual === undefined ? unset : `\`${usual}\``,
      allowed,
    ]),
  );
});

it("the README has the table of Temporal's own variables", () => {
  expect(tableBelow('| variable of Temporal | meaning |')).toEqual(
    TEMPORAL_VARIABLES.map(({ name, meaning }) => [`\`${name}\``, meaning]),
  );
});

/** The cells of the table with this heading, whose columns may be of any width. */
function tableBelow(heading: string): readonly (readonly string[])[] {
  const lines = README.split('\n').map(cellsOf);
  const start = lines.findIndex((cells) => cells.join('|') === cellsOf(heading).join('|'));
  expect(start, `the README has a table ${heading}`).toBeGreaterThan(-1);
  const rows = lines.slice(start + 2);
  return rows.slice(
    0,
    rows.findIndex((cells) => cells.length === 0),
  );
}

/** A bar within a cell is written `\|`. */
function cellsOf(line: string): readonly string[] {
  return line.startsWith('|')
    ? line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|'))
    : [];
}
