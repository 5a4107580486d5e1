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

/** Fewest insertions, removals and replacements of one character that turn one text into the other. */
function editDistance(from: string, to: string): number {
  const target = Array.from(to);
  let previous = Array.from({ length: target.length + 1 }, (_, column) => column);
  for (const [row, character] of Array.from(from).entries()) {
    const current = [row + 1];
    for (const [column, other] of target.entries()) {
      const replaced = at(previous, column) + (character === other ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column + 1) + 1, at(current, column) + 1));
    }
    previous = current;
  }
  return at(previous, target.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
