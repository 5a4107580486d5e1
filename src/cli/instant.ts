import { parseInstant } from '../contract/instants.ts';
import { InputError } from './exit-code.ts';

/**
 * Reads an instant that an option gives, to the millisecond.
 *
 * @param option - Name of the option, for the message.
 * @throws InputError when it is none, or lies after `now`
 */
export function parsePastInstant(option: string, text: string, now: Date): Date {
  const instant = parseInstant(text);
  if (instant === undefined) {
    throw new InputError(
      `${option} is ${JSON.stringify(text)}, which is not an instant with a time zone. ` +
        `Allowed: such as 2026-11-20T06:00:00Z or 2026-11-20T07:00:00+01:00.`,
    );
  }
  if (instant.milliseconds > now.getTime()) {
    throw new InputError(
      `${option} is ${JSON.stringify(text)}, which lies in the future (it is ${now.toISOString()}). ` +
        `Allowed: an instant in the past, since sessions that are still live are never removed.`,
    );
  }
  return new Date(instant.milliseconds);
}
