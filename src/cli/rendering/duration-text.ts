interface Unit {
  readonly seconds: number;
  readonly name: string;
}

const UNITS: readonly Unit[] = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3_600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
];

/**
 * A length of time for people, rounded to its two largest units: `250 ms`, `4.2 s`, `3 min 20 s`,
 * `6 h`, `2 d 4 h`. The sign is left out.
 */
export function durationText(seconds: number): string {
  const length = Math.abs(seconds);
  if (length < 1) return length === 0 ? '0 s' : `${Math.max(1, Math.round(length * 1_000))} ms`;
  if (length < 9.95) return `${Number(length.toFixed(1))} s`;
  const index = UNITS.findIndex((unit) => length >= unit.seconds);
  const total = rounded(length, index);
  // 59.6 s are 60 s when rounded, and so a minute.
  const reached = UNITS.findIndex((unit) => total >= unit.seconds);
  const larger = UNITS[reached];
  const smaller = UNITS[reached + 1];
  if (larger === undefined || smaller === undefined) return `${total} s`;
  const whole = Math.floor(total / larger.seconds);
  const rest = Math.round((total - whole * larger.seconds) / smaller.seconds);
  return rest === 0 ? `${whole} ${larger.name}` : `${whole} ${larger.name} ${rest} ${smaller.name}`;
}

/** The length in seconds, rounded to the unit below the one at this position. */
function rounded(length: number, position: number): number {
  const precision = UNITS[position + 1]?.seconds ?? 1;
  return Math.round(length / precision) * precision;
}
