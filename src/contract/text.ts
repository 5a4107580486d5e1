/** Numbers, durations and instants as people read them, in a run's details as in the commands. */

const UNITS = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3_600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
] as const;

/** A whole number with its thousands grouped: `1,234,567`. */
export function numberText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number with its noun: `1 row`, `2 rows`, `0 rows`. */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const SIZES = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** A number of bytes in a unit of 1,024 to its power: `512 bytes`, `8.0 kB`, `12 MB`. */
export function sizeText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), SIZES.length - 1);
  const size = bytes / 1_024 ** power;
  return `${power > 0 && size < 10 ? size.toFixed(1) : numberText(size)} ${SIZES[power]}`;
}

/**
 * A duration, rounded to its two largest units: `250 ms`, `4.2 s`, `3 min 20 s`, `6 h`, `2 d 4 h`. The
 * sign is left out.
 */
export function durationText(seconds: number): string {
  const length = Math.abs(seconds);
  if (length < 1) return length === 0 ? '0 s' : `${Math.max(1, Math.round(length * 1_000))} ms`;
  if (length < 9.95) return `${Number(length.toFixed(1))} s`;
  const index = UNITS.findIndex((unit) => length >= unit.seconds);
  const precision = UNITS[index + 1]?.seconds ?? 1;
  const total = Math.round(length / precision) * precision;
  // 59.6 s are 60 s when rounded, and so a minute.
  const reached = UNITS.findIndex((unit) => total >= unit.seconds);
  const larger = UNITS[reached];
  const smaller = UNITS[reached + 1];
  if (larger === undefined || smaller === undefined) return `${total} s`;
  const whole = Math.floor(total / larger.seconds);
  const rest = Math.round((total - whole * larger.seconds) / smaller.seconds);
  return rest === 0 ? `${whole} ${larger.name}` : `${whole} ${larger.name} ${rest} ${smaller.name}`;
}

/** An instant to the second: `2026-11-20 06:00:00 UTC`. A text that is not a date is returned as it is. */
export function timeText(instant: string | Date): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime())
    ? String(instant)
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How far away an instant is: `in 2 h 5 min`, `3 min ago`, `now`; empty for a text that is not a date. */
export function distanceText(instant: string | Date, now: Date): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1_000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `in ${durationText(seconds)}` : `${durationText(seconds)} ago`;
}
