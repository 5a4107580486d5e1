/** Names further away than this share of their length are no likely slips of the typed one. */
const LIKELY_SHARE = 0.34;

/** The candidate that the typed name was most likely meant to be, if any is near enough. */
export function didYouMean(typed: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let nearestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(typed.toUpperCase(), candidate.toUpperCase());
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearestDistance <= Math.max(1, typed.length * LIKELY_SHARE) ? nearest : undefined;
}

/**
 * Fewest insertions, removals, replacements and exchanges of two neighbours that turn one text into
 * the other: fingers exchange letters as often as they miss them.
 */
function editDistance(from: string, to: string): number {
  const source = Array.from(from);
  const target = Array.from(to);
  let beforeThat: readonly number[] = [];
  let previous: readonly number[] = Array.from(
    { length: target.length + 1 },
    (_, column) => column,
  );
  for (const [row, character] of source.entries()) {
    const current = [row + 1];
    for (const [column, other] of target.entries()) {
      const replaced = at(previous, column) + (character === other ? 0 : 1);
      const isExchanged = source[row - 1] === other && target[column - 1] === character;
      const exchanged = isExchanged ? at(beforeThat, column - 1) + 1 : Infinity;
      const changed = Math.min(at(previous, column + 1), at(current, column)) + 1;
      current.push(Math.min(replaced, exchanged, changed));
    }
    beforeThat = previous;
    previous = current;
  }
  return at(previous, target.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
