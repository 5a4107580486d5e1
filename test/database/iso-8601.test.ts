import fc from 'fast-check';
import { expect } from 'vitest';

import { asInstant, unreadable, type ExpiryColumn } from '../../src/targets/expiry.ts';
import { test } from '../support/fixtures.ts';

const two = (most: number): fc.Arbitrary<string> =>
  fc.nat({ max: most }).map((value) => String(value).padStart(2, '0'));

/** Texts in the form of ISO 8601, of which many name no instant. */
const form = fc
  .tuple(
    fc.constantFrom(
      '0000',
      '0001',
      '1900',
      '1999',
      '2000',
      '2023',
      '2024',
      '2100',
      '9999',
      '12345',
    ),
    two(13),
    two(32),
    fc.constantFrom('T', ' ', 't', ''),
    two(25),
    two(61),
    fc.option(two(62)),
    fc.constantFrom('', '.5', '.123456', ',5', '.'),
    fc.constantFrom(
      '',
      'Z',
      'z',
      '+00',
      '+05:45',
      '-0330',
      '+15:59',
      '+16:00',
      ' UTC',
      ' +01',
      '+1',
    ),
    fc.constantFrom('', ' ', '\n', 'x'),
  )
  .map(
    ([year, month, day, t, hour, minute, second, fraction, zone, end]) =>
      `${year}-${month}-${day}` +
      (t === ''
        ? ''
        : `${t}${hour}:${minute}${second === null ? '' : `:${second}${fraction}`}${zone}`) +
      end,
  );

/** What each text means to a careful reader: milliseconds since 1970 in UTC, or nothing. */
function evaluate(text: string): number | null {
  const parts =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?: ?(Z|z|[+-]\d\d(?::?\d\d)?))?)? *$/.exec(
      text,
    );
  if (parts === null) return null;
  const [
    ,
    year = '',
    month = '',
    day = '',
    hour = '0',
    minute = '0',
    second = '0',
    fraction = '',
    zone = 'Z',
  ] = parts;
  const date = new Date(`${year}-${month}-${day}T00:00:00.000Z`);
  if (
    Number.isNaN(date.getTime()) ||
    date.toISOString().slice(0, 10) !== `${year}-${month}-${day}`
  ) {
    return null;
  }
  const isMidnight = hour === '24' && Number(minute) === 0 && Number(`${second}${fraction}`) === 0;
  const isLeap = second === '60' && fraction === '';
  if (year === '0000' || Number(minute) > 59) return null;
  if ((Number(hour) > 23 && !isMidnight) || (Number(second) > 59 && !isLeap)) return null;
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (Number(hours) > 15 || Number(minutes) > 59) return null;
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const time =
    (Number(hour) * 3_600 + Number(minute) * 60 + Number(`${second}${fraction}`)) * 1_000;
  return Math.round(date.getTime() + time - offset);
}

const COLUMN: ExpiryColumn = {
  column: '"expiry"',
  type: 'iso8601',
  sqlType: 'text',
  columnType: 'text',
  timeZone: 'UTC',
};

test('text is read as a careful reader would, and no text fails', async ({ database }) => {
  await database.sql(`alter database ${database.name} set timezone = 'Asia/Kathmandu'`);
  await database.sql(`alter database ${database.name} set datestyle = 'German, DMY'`);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 9, arbitrary: form }, fc.string()), {
        minLength: 50,
        maxLength: 200,
      }),
      async (given) => {
        const texts = given.filter((text) => !text.includes('\0') && text.isWellFormed());
        const rows = await database.sql<{ at: string | null; is_unreadable: boolean }>(
          `select round(extract(epoch from ${asInstant(COLUMN)}) * 1000)::text as at, ${unreadable([COLUMN]) ?? ''} as is_unreadable
           from unnest($1::text[]) with ordinality as given (expiry, place) order by place`,
          [texts],
        );
        const read = rows.map(({ at }, index) => [texts[index], at === null ? null : Number(at)]);
        expect(read).toEqual(texts.map((text) => [text, evaluate(text)]));
        for (const { at, is_unreadable } of rows) expect(is_unreadable).toBe(at === null);
      },
    ),
    { numRuns: 40 },
  );
});
