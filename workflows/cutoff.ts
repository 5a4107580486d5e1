import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';

/** What the cut-off of a run is taken from. */
export interface CutoffSources {
  /** The input's `cutoff`. */
  readonly given: string | undefined;
  /** The slot a schedule started the run for; undefined for a run that no schedule started. */
  readonly scheduledStart: Date | undefined;
  readonly workflowStart: Date;
}

/**
 * The instant by which a row must have expired to be removed by this run: the one given, else the
 * scheduled one, else the workflow's start. The same for every attempt and every replay.
 *
 * A scheduled instant may lie in the future (the Web UI's backfill form offers the hour to come), and
 * would then remove live sessions, so it counts only up to the workflow's start.
 *
 * @returns ISO 8601 in UTC, with the microseconds of a given cut-off
 * @throws ApplicationFailure `InvalidCutoff` when the given one cannot be read or lies in the future
 */
export function resolveCutoff({ given, scheduledStart, workflowStart }: CutoffSources): string {
  if (given !== undefined) return checkGiven(given, workflowStart);
  const scheduled = scheduledStart?.getTime() ?? Infinity;
  return new Date(Math.min(scheduled, workflowStart.getTime())).toISOString();
}

function checkGiven(given: string, workflowStart: Date): string {
  const cutoff = parseInstant(given);
  if (cutoff === undefined) {
    throw invalidCutoff(
      `The input's cutoff ${quote(given)} cannot be read. Give a date, a time and a time zone in ` +
        'ISO 8601, such as "2026-11-20T06:00:00Z" or "2026-11-20T07:00:00+01:00".',
    );
  }
  if (cutoff.milliseconds > workflowStart.getTime()) {
    throw invalidCutoff(
      `The input's cutoff ${quote(given)} lies after the start of this run, ` +
        `${workflowStart.toISOString()}. It would remove sessions that are still live. Give an ` +
        'instant in the past, or leave the cutoff out to remove what has expired by now.',
    );
  }
  return cutoff.text;
}

interface Instant {
  /** Since 1970, rounded down. */
  readonly milliseconds: number;
  /** UTC, with 3 to 6 digits of a second's fraction. */
  readonly text: string;
}

const INSTANT =
  /^(?<date>\d{4}-\d{2}-\d{2})T(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?(?<zone>Z|[+-]\d{2}(?::?\d{2})?)$/i;

/** Reads an instant without going through a JavaScript date's milliseconds; undefined if it is none. */
function parseInstant(given: string): Instant | undefined {
  const parts = INSTANT.exec(given)?.groups;
  if (parts === undefined) return undefined;
  const { date = '', hour = '', minute = '', second = '00', fraction = '', zone = '' } = parts;

  // Written in UTC and read back, so that February 30th or 25 o'clock, which a JavaScript date takes
  // for a later day, is refused.
  const written = `${date}T${hour}:${minute}:${second}.000Z`;
  const local = new Date(written);
  if (Number.isNaN(local.getTime()) || local.toISOString() !== written) return undefined;

  const offset = zoneOffset(zone);
  if (offset === undefined) return undefined;
  const instant = new Date(local.getTime() - offset);
  const year = instant.getUTCFullYear();
  // PostgreSQL knows no year 0, and ISO 8601 writes later years with a sign.
  if (year < 1 || year > 9999) return undefined;

  // Digits past the microseconds are cut off: an earlier cut-off never removes a row too many.
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

function quote(given: string): string {
  return JSON.stringify(given.length > 64 ? `${given.slice(0, 64)}…` : given);
}

function invalidCutoff(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE.invalidCutoff);
}
