import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { importsOf, sourceFiles } from '../support/sources.ts';

/** Each part of the program, and which others it may import: the table of layers in CONTRIBUTING. */
const PARTS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  readFileSync('CONTRIBUTING.md', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, part, , allowed] = /^\| `([^`]+)`\s*\|([^|]*)\|([^|]*)\|$/.exec(line) ?? [];
      return part === undefined ? [] : [[part, allowed?.match(/[^`\s]+/g) ?? []] as const];
    }),
);

/** What only one part talks to: the rest of the program knows nothing of it. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  '@mikro-orm/': ['src/database', 'src/targets', 'src/deletion', 'src/checks'],
  '@temporalio/workflow': ['workflows'],
  '@temporalio/worker': ['src/worker'],
  '@temporalio/activity': ['activities'],
  '@temporalio/envconfig': ['src/temporal'],
  commander: ['src/cli'],
  pino: ['src/logging'],
  zod: ['src/config', 'src/runs'],
};

/** What may look at the machine it runs on as soon as it is loaded: what a person starts. */
const STARTED_BY_PEOPLE = ['src/cli/main.ts'];

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

test('no module imports itself through others, not even for a type', () => {
  const imports = new Map(
    sourceFiles(['src', 'workflows', 'activities', 'scripts']).map((file) => [
      file,
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier)),
    ]),
  );
  const reachable = (from: string, seen = new Set<string>()): ReadonlySet<string> => {
    for (const next of imports.get(from) ?? []) {
      if (!seen.has(next)) reachable(next, seen.add(next));
    }
    return seen;
  };
  expect([...imports.keys()].filter((file) => reachable(file).has(file))).toEqual([]);
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
