import { durationText } from './duration-text.ts';

/** An instant to the second: `2026-11-20 06:00:00 UTC`. What is no date is given back as it is. */
export function timeText(instant: string | Date): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime())
    ? String(instant)
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How far away an instant is: `in 2 h 5 min`, `3 min ago`, `now`. */
export function distanceText(instant: string | Date, now: Date): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1_000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `in ${durationText(seconds)}` : `${durationText(seconds)} ago`;
}
