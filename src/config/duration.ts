/** Durations as people write them in settings: `500ms`, `20s`, `5m`, `6h`, `1d`. */

/** Length of each unit. */
export const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A unit of a written duration. */
export type DurationUnit = keyof typeof MILLISECONDS;

/**
 * Reads a duration: a whole number and its unit.
 *
 * @param bareUnit - Unit of a number that has none; left out: such a number is no duration.
 * @returns milliseconds, or undefined when the text is no duration or too large to be exact.
 */
export function parseDuration(text: string, bareUnit?: DurationUnit): number | undefined {
  const { amount, unit = bareUnit } = /^(?<amount>\d+)(?<unit>[a-z]+)?$/.exec(text)?.groups ?? {};
  if (amount === undefined || unit === undefined || !isDurationUnit(unit)) return undefined;
  const milliseconds = Number(amount) * MILLISECONDS[unit];
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/**
 * Writes whole milliseconds in the largest unit that holds them exactly; {@link parseDuration} reads
 * the same number back.
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const units: readonly DurationUnit[] = ['d', 'h', 'm', 's'];
  const unit = units.find((candidate) => milliseconds % MILLISECONDS[candidate] === 0) ?? 'ms';
  return `${milliseconds / MILLISECONDS[unit]}${unit}`;
}

function isDurationUnit(text: string): text is DurationUnit {
  return Object.hasOwn(MILLISECONDS, text);
}
