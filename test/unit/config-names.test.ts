import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { COLUMN_NAME, TABLE_NAME, isTimeZone } from '../../src/config/value-kinds.ts';

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
    expect(TABLE_NAME.schema.parse(text)).toEqual({ schema, table });
  });

  it.each([
    '',
    '.sessions',
    'auth.',
    '""',
    'db.auth.sessions',
    '"sessions',
    '"sess"ions',
    'sess"ions',
    'auth. sessions',
    'sessions\n',
    'sess\0ions',
    '\ud800',
    'x'.repeat(64),
    'я'.repeat(32),
  ])('%j is refused', (text) => {
    expect(TABLE_NAME.schema.safeParse(text).success).toBe(false);
  });

  it('keeps every name that PostgreSQL can store', () => {
    fc.assert(
      fc.property(fc.option(storableName, { nil: undefined }), storableName, (schema, table) => {
        const text = [schema, table]
          .filter((name) => name !== undefined)
          .map(quote)
          .join('.');
        expect(TABLE_NAME.schema.parse(text)).toEqual({ schema, table });
      }),
    );
  });

  it('never fails on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(TABLE_NAME.schema.safeParse(text).success).toBeTypeOf('boolean');
      }),
    );
  });
});

describe('a column', () => {
  it('keeps every name that PostgreSQL can store', () => {
    fc.assert(
      fc.property(storableName, (name) => {
        expect(COLUMN_NAME.schema.parse(quote(name))).toBe(name);
      }),
    );
  });

  it('is one name, so an unquoted dot is refused', () => {
    expect(COLUMN_NAME.schema.safeParse('sessions.expires_at').success).toBe(false);
    expect(COLUMN_NAME.schema.parse('"sessions.expires_at"')).toBe('sessions.expires_at');
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

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
