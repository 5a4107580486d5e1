/** The program's own sources, as these tests look at them. */
import { globSync, readFileSync } from 'node:fs';

/** One import of a module. */
export interface Import {
  readonly specifier: string;
  /** True when nothing of it is there at run time. */
  readonly isType: boolean;
}

/** Paths of all TypeScript files in those folders, from the top of the checkout. */
export function sourceFiles(folders: readonly string[]): readonly string[] {
  return globSync(folders.map((folder) => `${folder}/**/*.ts`)).toSorted();
}

/** All that a file imports or re-exports, statically or not. */
export function importsOf(file: string): readonly Import[] {
  const source = readFileSync(file, 'utf8');
  const found = source.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'/g,
  );
  return [...found].map(([, type, specifier, dynamic]) => ({
    specifier: specifier ?? dynamic ?? '',
    isType: type !== undefined,
  }));
}
