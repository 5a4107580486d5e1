import { InputError } from './exit-code.ts';

const WITH_ZONE =
  /^(?<date>\d{4}-\d{2}-\d{2})T(?<time>\d{2}:\d{2}:\d{2})(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads an instant that an option gives: ISO 8601 with a time zone, to the second or finer.
 *
 * @param option - Name of the option, for the message.
 * @throws InputError when it is none, or lies after `now`
 */
export function parsePastInstant(option: string, text: string, now: Date): Date {
  const instant = new Date(text);
  const { date, time } = WITH_ZONE.exec(text)?.groups ?? {};
  if (Number.isNaN(instant.getTime()) || !isOnTheCalendar(`${date}T${time}`)) {
    throw new InputError(
      `${option} is ${JSON.stringify(text)}, which is not an instant with a time zone. ` +
        `Allowed: such as 2026-11-20T06:00:00Z or 2026-11-20T07:00:00+01:00.`,
    );
  }
  if (instant > now) {
    throw new InputError(
      `${option} is ${JSON.stringify(text)}, which lies in the future (it is ${now.toISOString()}). ` +
        `Allowed: an instant in the past, since sessions that are still live are never removed.`,
    );
  }
  return instant;
}

/** A JavaScript date takes February 30th for March 2nd. */
function isOnTheCalendar(local: string): boolean {
  const date = new Date(`${local}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(local);
}
