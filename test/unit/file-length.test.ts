import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { sourceFiles } from '../support/sources.ts';

/** A file that is longer does more than one thing. */
const MOST_LINES = 250;

/** Files that may be longer, each with its reason. */
const REASONS: Readonly<Record<string, string>> = {
  'src/config/settings.ts': 'all settings, one after the other',
  'src/deletion/ledger.ts': 'all statements that make the count exact, read side by side',
  'workflows/cleanup-run.ts': 'the state of a run, which is proved as a whole',
};

test(`no source file is longer than ${MOST_LINES} lines without a reason`, () => {
  const long = sourceFiles(['src', 'workflows', 'activities', 'scripts', 'test/support'])
    .filter((file) => readFileSync(file, 'utf8').split('\n').length - 1 > MOST_LINES)
    .filter((file) => !(file in REASONS));
  expect(long).toEqual([]);
});

test('no reason outlives its file', () => {
  const files = sourceFiles(['src', 'workflows', 'activities', 'scripts', 'test/support']);
  expect(Object.keys(REASONS).filter((file) => !files.includes(file))).toEqual([]);
});
