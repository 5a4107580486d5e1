/** Options that several commands share, and how their values are read. */
import { Option } from 'commander';

import { parseDuration } from '../config/duration.ts';
import { parseInstant, type Instant } from '../contract/instants.ts';
import { InputError } from './errors.ts';

/** An instant in the past; its value is an {@link Instant}. */
export function pastInstantOption(flags: string, meaning: string): Option {
  return parsedOption(flags, meaning, (text, name) => parsePastInstant(name, text, new Date()));
}

/** A positive duration, up to a limit if there is one; its value is in milliseconds. */
export function durationOption(flags: string, meaning: string, longest?: string): Option {
  const most = longest === undefined ? Infinity : (parseDuration(longest) ?? 0);
  return parsedOption(flags, meaning, (text, name) => {
    const milliseconds = parseDuration(text, 's') ?? 0;
    if (milliseconds > 0 && milliseconds <= most) return milliseconds;
    throw new InputError(
      `${name}: ${JSON.stringify(text)} is not a valid duration. Use one such as 90s, 10m or ` +
        `13h${longest === undefined ? '' : `, up to ${longest}`}; a number without a unit is seconds.`,
    );
  });
}

/** A whole number from 1, or a word instead. */
export function wholeNumberOption(
  flags: string,
  meaning: string,
  most: number,
  word?: string,
): Option {
  return parsedOption(flags, meaning, (text, name) => {
    if (text === word) return text;
    const value = /^\d+$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    throw new InputError(
      `${name}: ${JSON.stringify(text)} is out of range. Use a whole number from 1 to ${most}` +
        (word === undefined ? '.' : `, or ${word}.`),
    );
  });
}

/** A text that is not blank, of a limited size. */
export function textOption(flags: string, meaning: string, mostBytes: number): Option {
  return parsedOption(flags, meaning, (text, name) => {
    const bytes = Buffer.byteLength(text);
    if (text.trim() !== '' && bytes <= mostBytes) return text;
    throw new InputError(
      `${name}: the text is blank or too long (${bytes} bytes). Use 1 to ${mostBytes} bytes.`,
    );
  });
}

function parsedOption(
  flags: string,
  meaning: string,
  parse: (text: string, name: string) => unknown,
): Option {
  const option = new Option(flags, meaning);
  return option.argParser((text: string) => parse(text, option.long ?? flags));
}

/**
 * Reads an instant that is not after `now`.
 *
 * @param option - Name of the option, for the message.
 * @throws InputError
 */
export function parsePastInstant(option: string, text: string, now: Date): Instant {
  const instant = parseInstant(text);
  if (instant === undefined) {
    throw new InputError(
      `${option}: ${JSON.stringify(text)} is not an instant with a time zone. ` +
        'Use one such as 2026-11-20T06:00:00Z or 2026-11-20T07:00:00+01:00.',
    );
  }
  if (instant.milliseconds > now.getTime()) {
    throw new InputError(
      `${option}: ${JSON.stringify(text)} is in the future (now: ${now.toISOString()}). ` +
        'Use an instant in the past, since live sessions are never deleted.',
    );
  }
  return instant;
}
