import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { importsOf, sourceFiles } from './sources.ts';

/** The parts of the program, and which others each may import. Everything may import itself. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'src/contract.ts': [],
  'src/config': ['src/contract.ts'],
  'src/entities': ['src/config', 'src/contract.ts'],
  // A part of the database in a folder of its own.
  'src/migrations': ['src/database', 'src/entities', 'src/config', 'src/contract.ts'],
  'src/database': ['src/entities', 'src/migrations', 'src/config', 'src/contract.ts'],
  'src/deletion': ['src/database', 'src/entities', 'src/config', 'src/contract.ts'],
  'src/preflight': [
    'src/deletion',
    'src/database',
    'src/entities',
    'src/config',
    'src/contract.ts',
  ],
  activities: [
    'src/preflight',
    'src/deletion',
    'src/database',
    'src/entities',
    'src/config',
    'src/contract.ts',
  ],
  workflows: ['src/contract.ts'],
  'src/temporal': [
    'activities',
    'src/preflight',
    'src/deletion',
    'src/database',
    'src/entities',
    'src/config',
    'src/contract.ts',
  ],
  'src/commands': [
    'src/temporal',
    'activities',
    'src/preflight',
    'src/deletion',
    'src/database',
    'src/config',
    'src/contract.ts',
  ],
  'src/cli.ts': ['src/commands'],
};

/** What only one part talks to: the rest of the program knows nothing of it. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  '@mikro-orm/': [
    'src/entities',
    'src/migrations',
    'src/database',
    'src/deletion',
    'src/preflight',
  ],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/worker': ['src/temporal', 'src/commands'],
  '@temporalio/activity': ['activities'],
  '@temporalio/envconfig': ['src/temporal'],
  commander: ['src/commands', 'src/cli.ts'],
  pino: ['src/temporal', 'src/commands'],
  zod: ['src/config', 'src/temporal'],
};

/** What may look at the machine it runs on as soon as it is loaded: what a person starts. */
const STARTED_BY_PEOPLE = ['src/cli.ts'];

const sources = sourceFiles(['src', 'workflows', 'activities']);

test('every part of the program is one that is known here', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter((file) => !(partOf(file) in PARTS))).toEqual([]);
});

test('imports go one way', () => {
  const wrong = sources.flatMap((file) => {
    const part = partOf(file);
    const allowed = [part, ...(PARTS[part] ?? [])];
    return importsOf(file)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier))
      .filter((imported) => !allowed.includes(partOf(imported)))
      .map((imported) => `${file} imports ${imported}`);
  });
  expect(wrong).toEqual([]);
});

test.for(Object.entries(OUTSIDE))('only the part for it knows %s', ([library, parts]) => {
  const users = sources.filter((file) =>
    importsOf(file).some(({ specifier, isType }) => !isType && specifier.startsWith(library)),
  );
  expect(users).not.toEqual([]);
  expect(users.filter((file) => !parts.includes(partOf(file)))).toEqual([]);
});

test('a module that is loaded does not look at the environment', () => {
  const readers = sources.filter((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => /^\S/.test(line) && line.includes('process.env')),
  );
  expect(readers.filter((file) => !STARTED_BY_PEOPLE.includes(file))).toEqual([]);
});

function partOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'src' ? `src/${second}` : first;
}
