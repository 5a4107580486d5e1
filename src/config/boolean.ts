const SPELLINGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);

/** What {@link parseBoolean} understands, in words. */
export const BOOLEAN_SPELLINGS = 'true or false (also yes/no, on/off, 1/0)';

/**
 * Reads a boolean strictly, in upper or lower case. `Boolean('false')` is true, so nothing here ever
 * relies on truthiness.
 *
 * @returns undefined when the text is none of {@link BOOLEAN_SPELLINGS}.
 */
export function parseBoolean(text: string): boolean | undefined {
  return SPELLINGS.get(text.toLowerCase());
}
