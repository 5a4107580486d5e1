import type { ValueKind } from './setting.ts';
import { reading } from './value-kinds.ts';

/** Kept plain, since the name stands in variables, workflow inputs, results and the ledger. */
const TARGET_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

/** A comma-separated list of names for the tables to clean. */
export function targetNames(): ValueKind<readonly string[]> {
  return {
    allowed: 'different names of a-z, 0-9, _ and -, beginning with a letter, separated by commas',
    schema: reading((text) => {
      const names = text.split(',').map((name) => name.trim());
      const wrong = names.find((name) => !TARGET_NAME.test(name));
      if (wrong !== undefined) return { refusal: `has ${JSON.stringify(wrong)} in it` };
      // `a-b` and `a_b` would read the same variables.
      const variables = names.map((name) => name.replaceAll('-', '_'));
      const twice = names.find((_, index) => variables.indexOf(variables[index] ?? '') !== index);
      if (twice !== undefined) return { refusal: `has ${JSON.stringify(twice)} in it twice` };
      return { value: names };
    }),
  };
}
