import { describe, expect, test } from 'vitest';

import { objectOf, originOf } from '../../src/failures/origin.ts';

function origin(where: string, routine = 'ExecConstraints'): ReturnType<typeof originOf> {
  return originOf(Object.assign(new Error('m'), { where, routine }));
}

describe('the object in which an error occurred', () => {
  test.for([
    ['English', 'PL/pgSQL function audit() line 3 at SQL statement'],
    ['German', 'PL/pgSQL-Funktion audit() Zeile 3 bei SQL-Anweisung'],
    ['French', 'fonction PL/pgSQL audit(), ligne 3 à instruction SQL'],
    ['Spanish', 'función PL/pgSQL audit() en la línea 3 en sentencia SQL'],
    ['Japanese', 'PL/pgSQL関数audit()の3行目 - SQLステートメント'],
  ])('is the function of a trigger, on a server that speaks %s', ([, line = '']) => {
    expect(origin(`SQL statement "insert into log values ('secret()')"\n${line}`)).toEqual({
      function: 'audit',
    });
  });

  test.for([
    ['app.audit()', 'app.audit'],
    ['"My audit"()', '"My audit"'],
    ['app."a""b"()', 'app."a""b"'],
  ])('%s keeps its quotes and its schema', ([name, written]) => {
    expect(origin(`PL/pgSQL function ${name} line 1 at RAISE`)).toEqual({ function: written });
  });

  test('is the outermost function, which is the trigger’s', () => {
    expect(
      origin('PL/pgSQL function inner_one() line 1\nPL/pgSQL function outer_one() line 2'),
    ).toEqual({ function: 'outer_one' });
  });

  test.for([
    [
      `SQL statement "UPDATE ONLY "public"."de vices" SET "session" = NULL WHERE $1 OPERATOR(pg_catalog.=) "session""`,
      'update',
    ],
    [
      `SQL-Anweisung »DELETE FROM ONLY "public"."de vices" WHERE $1 OPERATOR(pg_catalog.=) "session"«`,
      'delete',
    ],
  ])('is the child of a foreign key’s action: %s', ([line = '', action]) => {
    const child = '"public"."de vices"';
    expect(origin(line)).toEqual({ child, action });
    expect(origin(`PL/pgSQL function refuse() line 1 at RAISE\n${line}`)).toEqual({
      function: 'refuse',
      child,
      action,
    });
  });

  test('is not known where another language gives no pattern for its name', () => {
    expect(origin('PL/Python function "secret"')).toEqual({});
    expect(origin('', 'exec_stmt_raise')).toEqual({});
  });

  test.for([
    '',
    "unnamed portal parameter $1 = 'secret'",
    'while deleting tuple (0,1) in relation "sessions"',
    'SQL statement "delete from x where token = \'secret\'"',
  ])('is none in %j', (where) => {
    expect(origin(where)).toBeUndefined();
  });
});

test('a function can put anything into the fields of an error that it raises', () => {
  const error = Object.assign(new Error('m'), { table: 'secret' });
  expect(objectOf(error, 'table')).toBe('secret');
  expect(objectOf(Object.assign(error, { routine: 'exec_stmt_raise' }), 'table')).toBeUndefined();
});
