import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import { parseInstant } from '../src/contract/instants.ts';

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

function quote(given: string): string {
  return JSON.stringify(given.length > 64 ? `${given.slice(0, 64)}…` : given);
}

function invalidCutoff(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE.invalidCutoff);
}
