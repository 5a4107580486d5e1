import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  formatTableName,
  parseSqlName,
  parseTableName,
  quoteWhereNeeded,
} from '../../src/config/sql-name.ts';
import { isTimeZone } from '../../src/config/time-zone.ts';

/** Any text that PostgreSQL can store as a name. */
const storableName = fc
  .string({ minLength: 1, maxLength: 15, unit: 'grapheme' })
  .filter((name) => !name.includes('\0') && Buffer.byteLength(name) <= 63);

describe('a table', () => {
  it.each([
    ['sessions', undefined, 'sessions'],
    ['auth.sessions', 'auth', 'sessions'],
    ['Auth.Sessions', 'Auth', 'Sessions'],
    ['"auth.v2"."user ""sessions"""', 'auth.v2', 'user "sessions"'],
    ['auth."order"', 'auth', 'order'],
    ['select', undefined, 'select'],
    ['сессии.会话', 'сессии', '会话'],
    ['user sessions', undefined, 'user sessions'],
    ['sessions; drop table users', undefined, 'sessions; drop table users'],
    ["x' or '1'='1", undefined, "x' or '1'='1"],
    ['" sessions "', undefined, ' sessions '],
    ['x'.repeat(63), undefined, 'x'.repeat(63)],
  ])('%s is schema %s, table %s', (text, schema, table) => {
    expect(parseTableName(text)).toEqual({ schema, table });
  });

  it.each([
    ['', /empty/],
    ['.sessions', /empty/],
    ['auth.', /empty/],
    ['""', /empty/],
    ['db.auth.sessions', /3 parts/],
    ['"sessions', /never closed/],
    ['"sess"ions', /goes on after/],
    ['sess"ions', /double quote in an unquoted/],
    ['auth. sessions', /blank/],
    ['sessions\n', /blank/],
    ['sess\0ions', /cannot store/],
    ['\ud800', /cannot store/],
    ['x'.repeat(64), /64 bytes/],
    ['я'.repeat(32), /64 bytes/],
  ])('%j is refused', (text, refusal) => {
    expect(parseTableName(text)).toEqual({ refusal: expect.stringMatching(refusal) });
  });

  it('keeps every name that PostgreSQL can store, whatever is in it', () => {
    fc.assert(
      fc.property(fc.option(storableName, { nil: undefined }), storableName, (schema, table) => {
        expect(parseTableName(formatTableName({ schema, table }))).toEqual({ schema, table });
      }),
    );
  });

  it('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseTableName(text)).toBeTypeOf('object');
      }),
    );
  });
});

describe('a column', () => {
  it('keeps every name that PostgreSQL can store', () => {
    fc.assert(
      fc.property(storableName, (name) => {
        expect(parseSqlName(quoteWhereNeeded(name))).toBe(name);
      }),
    );
  });

  it('is one name, so an unquoted dot is refused', () => {
    expect(parseSqlName('sessions.expires_at')).toEqual({
      refusal: expect.stringContaining('dot'),
    });
    expect(parseSqlName('"sessions.expires_at"')).toBe('sessions.expires_at');
  });
});

describe('a time zone', () => {
  it.each([
    'UTC',
    'Europe/Berlin',
    'Asia/Kathmandu',
    'America/Argentina/Buenos_Aires',
    'Etc/GMT+5',
  ])('%s is known', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });

  it.each(['', 'Mars/Olympus', '+02:00', '-05', 'UTC; drop table x', 'Europe/Berlin '])(
    '%j is refused',
    (name) => {
      expect(isTimeZone(name)).toBe(false);
    },
  );
});
