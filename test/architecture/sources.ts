/** The program's own sources, as these tests look at them. */
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';

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

/** Name of the package that a specifier means; undefined for a file or a part of Node. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
