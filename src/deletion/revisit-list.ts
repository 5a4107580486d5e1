import type { Range } from './route.ts';

/** So many stretches are remembered for each lane; beyond that, neighbours are joined. */
const MOST_REMEMBERED = 64;

/**
 * Adds a stretch that has to be visited again. The list is part of the ledger's row, so it is kept
 * short: joined neighbours cost some reading of what lies between them, and never a row.
 */
export function remember(list: readonly Range[], range: Range): readonly Range[] {
  const longer = [...list, range];
  if (longer.length <= MOST_REMEMBERED) return longer;
  return longer.flatMap((one, index) => {
    if (index % 2 === 1) return [];
    return [{ from: one.from, to: longer[index + 1]?.to ?? one.to }];
  });
}
