/** Commands that the README gives. */
import { readFileSync } from 'node:fs';

const README = new URL('../../README.md', import.meta.url);

/**
 * The arguments of the one command in the README that begins so, taken from there: the test then runs
 * what people copy.
 */
export function argumentsInReadme(beginning: string): readonly string[] {
  const [line, ...others] = readFileSync(README, 'utf8')
    .split('\n')
    .filter((text) => text.startsWith(beginning));
  if (line === undefined || others.length > 0) {
    throw new Error(`Not exactly one line of the README begins with "${beginning}".`);
  }
  if (/["'\\$]/.test(line)) throw new Error(`Only a shell could read this line: ${line}`);
  return line.split(' ').slice(1);
}
