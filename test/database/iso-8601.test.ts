/** Text expiries: what is read as an instant, against a plain evaluation, and that no text makes PostgreSQL fail. */
import fc from 'fast-check';
import { expect } from 'vitest';

import { asInstant } from '../../src/deletion/expiry.ts';
import { test } from '../support/fixtures.ts';

/** Fractions are rounded to microseconds, and a double holds as much of the year 9999. Seconds. */
const ROUNDING = 4e-5;

/** Seconds since 1970; undefined for text that is no instant, or one in an unknown zone. */
function plainlyRead(text: string, isZoneKnown: boolean): number | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,12})?)?(?: ?(?:[Zz]|([+-])(\d\d)(?::?(\d\d)(?::(\d\d))?)?))?)? *$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part = '0') => Number(part));
  const fraction = Number(match[7] ?? 0);
  const [offsetHours = 0, offsetMinutes = 0, offsetSeconds = 0] = match
    .slice(9)
    .map((part = '0') => Number(part));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const ofDay = hour * 3_600 + minute * 60 + second + fraction;
  const isTime = minute < 60 && second < 60 && (hour < 24 || ofDay === 86_400);
  const isOffset = offsetHours < 16 && offsetMinutes < 60 && offsetSeconds < 60;
  if (year === 0 || month === 0 || day === 0 || !isDay || !isTime || !isOffset) return undefined;
  const hasZone = match[8] !== undefined || /[Zz] *$/.test(text);
  if (!hasZone && !isZoneKnown) return undefined;
  const offset = offsetHours * 3_600 + offsetMinutes * 60 + offsetSeconds;
  return date.getTime() / 1_000 + ofDay - (match[8] === '-' ? -offset : offset);
}

const digits = (most: number, length = 2): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(length, '0'));

/** Most are instants or nearly so: each part may be a little out of range. */
const nearlyInstants = fc
  .tuple(
    fc.oneof(digits(9_999, 4), fc.constantFrom('0000', '0001', '1900', '2000', '2024', '2026')),
    digits(13),
    digits(32),
    fc.constantFrom('T', ' ', ' ', 't', '', '  '),
    digits(25),
    digits(60),
    fc.oneof(
      digits(60).map((text) => `:${text}`),
      fc.constant(''),
    ),
    fc.oneof(
      fc.constant(''),
      fc.stringMatching(/^\.[0-9]{0,14}$/),
      fc.constantFrom(',5', '.0', '.9999999'),
    ),
    fc.oneof(
      fc.constantFrom('', 'Z', 'z', ' Z', ' UTC', ' EST', '+', '-15:59', '+15:59:59', '+16', ' BC'),
      fc
        .tuple(
          fc.constantFrom('+', '-', ' +'),
          digits(17),
          fc.constantFrom('', ':'),
          fc.oneof(digits(60), fc.constant('')),
        )
        .map((parts) => parts.join('')),
    ),
    fc.constantFrom('', '', ' ', '\n', '   '),
  )
  .map(([year, month, day, between, hour, minute, second, fraction, zone, end]) =>
    [`${year}-${month}-${day}${between}${hour}:${minute}${second}${fraction}${zone}${end}`].join(
      '',
    ),
  );

const dates = fc.tuple(digits(9_999, 4), digits(13), digits(32)).map((parts) => parts.join('-'));

const lastHours = dates.chain((date) =>
  fc
    .constantFrom('24:00', '24:00:00', '24:00:00.000', '24:00:01', '24:01', '23:59:60')
    .map((time) => `${date} ${time}`),
);

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
const anything = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

test('text is read as the instant that it is, or never expires, and no text makes a statement fail', async ({
  database,
}) => {
  await database.sql(`alter database ${database.name} set DateStyle = 'German, DMY'`);
  await database.sql(`alter database ${database.name} set TimeZone = 'Asia/Kathmandu'`);
  await database.sql(`alter database ${database.name} set standard_conforming_strings = off`);
  const read = async (
    texts: readonly string[],
    timeZone: string | undefined,
  ): Promise<readonly (number | undefined)[]> => {
    const instant = asInstant({
      column: 'value',
      type: 'iso8601',
      sqlType: 'text',
      columnType: 'text',
      timeZone,
    });
    const rows = await database.sql<{ seconds: string | null }>(
      `select extract(epoch from ${instant})::text as seconds
       from unnest($1::text[]) with ordinality as given (value, place) order by place`,
      [texts],
    );
    return rows.map(({ seconds }) => (seconds === null ? undefined : Number(seconds)));
  };
  let instants = 0;
  const text = fc.oneof({ weight: 6, arbitrary: nearlyInstants }, dates, lastHours, anything);
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 200, maxLength: 200 }), async (texts) => {
      for (const timeZone of ['UTC', undefined]) {
        const seconds = await read(texts, timeZone);
        for (const [index, given] of texts.entries()) {
          const expected = plainlyRead(given, timeZone !== undefined);
          const found = seconds[index];
          if (expected === undefined || found === undefined) {
            expect([given, found]).toEqual([given, expected]);
          } else {
            instants += 1;
            expect(Math.abs(found - expected), given).toBeLessThan(ROUNDING);
          }
        }
      }
    }),
    // The assertion names the text; shrinking the rest takes long.
    { numRuns: 40, endOnFailure: true },
  );
  expect(instants).toBeGreaterThan(100);
});
