/** An instant as the workflow's input and the commands accept it, to the microsecond. */
export interface Instant {
  /** Since 1970, rounded down. */
  readonly milliseconds: number;
  /** ISO 8601 in UTC, with 3 to 6 digits of a second's fraction. */
  readonly text: string;
}

const INSTANT =
  /^(?<date>\d{4}-\d{2}-\d{2})T(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d{2}(?::?\d{2})?)$/i;

/**
 * Reads ISO 8601 with a date, a time and a time zone; undefined if the text is anything else. A
 * JavaScript date alone would lose the microseconds, and take February 30th for March 2nd.
 */
export function parseInstant(given: string): Instant | undefined {
  const parts = INSTANT.exec(given)?.groups;
  if (parts === undefined) return undefined;
  const { date = '', hour = '', minute = '', second = '00', fraction = '', zone = '' } = parts;

  // Read back, so that February 30th and 25 o'clock are refused.
  const written = `${date}T${hour}:${minute}:${second}.000Z`;
  const local = new Date(written);
  if (Number.isNaN(local.getTime()) || local.toISOString() !== written) return undefined;

  const offset = zoneOffset(zone);
  if (offset === undefined) return undefined;
  const instant = new Date(local.getTime() - offset);
  const year = instant.getUTCFullYear();
  // PostgreSQL has no year 0, and ISO 8601 writes years after 9999 with a sign.
  if (year < 1 || year > 9999) return undefined;

  // Digits beyond microseconds are cut off: an earlier cut-off never removes a row too many.
  const digits = fraction.slice(0, 6).padEnd(3, '0');
  return {
    milliseconds: instant.getTime() + Number(digits.slice(0, 3)),
    text: instant.toISOString().replace('.000Z', `.${digits}Z`),
  };
}

/** Milliseconds that the zone is ahead of UTC; undefined if there is no such zone. */
function zoneOffset(zone: string): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
