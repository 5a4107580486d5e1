/** Names further away than this share of their length are hardly typing errors. */
const LIKELY_SHARE = 0.34;

/** The candidate that the typed name was most likely meant to be, if any is near enough. */
export function didYouMean(typed: string, candidates: Iterable<string>): string | undefined {
  const [nearest] = [...candidates]
    .map((name) => ({ name, distance: editDistance(typed.toUpperCase(), name.toUpperCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= Math.max(1, typed.length * LIKELY_SHARE)
    ? nearest.name
    : undefined;
}

/**
 * Fewest insertions, deletions, substitutions and transpositions of neighbouring characters that turn
 * one text into the other (optimal string alignment).
 */
function editDistance(from: string, to: string): number {
  const distances = new Map<string, number>();
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 ? Infinity : i === 0 || j === 0 ? i + j : (distances.get(`${i},${j}`) ?? 0);
  for (let i = 1; i <= from.length; i += 1) {
    for (let j = 1; j <= to.length; j += 1) {
      const isTransposed = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      distances.set(
        `${i},${j}`,
        Math.min(
          at(i - 1, j) + 1,
          at(i, j - 1) + 1,
          at(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1),
          isTransposed ? at(i - 2, j - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(from.length, to.length);
}
