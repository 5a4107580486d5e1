import { CommanderError } from 'commander';
import { describe, expect, test, vi } from 'vitest';

import { parseDevOptions } from '../../scripts/dev/options.ts';
import { checkEnvironment } from '../../scripts/dev/servers.ts';

/** The output of a refused command line, and its exit code. */
function refusal(args: readonly string[]): { readonly text: string; readonly exitCode: number } {
  let text = '';
  const write = (chunk: string | Uint8Array): boolean => {
    text += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(process.stderr, 'write').mockImplementation(write);
  try {
    parseDevOptions(args);
  } catch (error) {
    if (error instanceof CommanderError) return { text, exitCode: error.exitCode };
    throw error;
  } finally {
    vi.restoreAllMocks();
  }
  throw new Error('It was not refused.');
}

describe('the arguments of npm run dev', () => {
  test('are all optional', () => {
    expect(parseDevOptions([])).toEqual({
      once: false,
      sessions: 200_000,
      data: expect.stringMatching(/\/\.dev$/),
      postgresPort: 15_432,
      temporalPort: 7_233,
      uiPort: 8_233,
    });
  });

  test('set the number of rows, the end after one run, the folder and the ports', () => {
    expect(
      parseDevOptions(
        '--once --sessions 0 --data /x --postgres-port 1 --temporal-port 2 --ui-port 65535'.split(
          ' ',
        ),
      ),
    ).toEqual({
      once: true,
      sessions: 0,
      data: '/x',
      postgresPort: 1,
      temporalPort: 2,
      uiPort: 65_535,
    });
  });

  test('fill the table of a library with fewer rows, unless they say how many', () => {
    const store = ['--store', 'connect-pg-simple'];
    expect(parseDevOptions(store)).toMatchObject({ store: 'connect-pg-simple', sessions: 5_000 });
    expect(parseDevOptions([...store, '--sessions', '9'])).toMatchObject({ sessions: 9 });
  });

  test.for([
    [['--sessions', 'many'], 'a whole number from 0 to 100000000'],
    [['--sessions', '-1'], 'a whole number from 0'],
    [['--sessions', '1e3'], 'a whole number from 0'],
    [['--sessions', '100000001'], 'a whole number from 0'],
    [['--ui-port', '0'], 'a whole number from 1 to 65535'],
    [['--ui-port', '65536'], 'a whole number from 1 to 65535'],
    [['--store', 'unknown'], 'Allowed choices are connect-pg-simple, connect-session-knex'],
    [['--bogus'], "unknown option '--bogus'"],
    [['more'], 'too many arguments'],
  ] as const)('are refused when they are %j', ([args, message]) => {
    const { text, exitCode } = refusal(args);
    expect(text).toContain(message);
    expect(exitCode).toBe(2);
  });

  test('are explained by --help, with the environment and examples', () => {
    const { text, exitCode } = refusal(['--help']);
    for (const part of [
      '--once',
      '--sessions <count>',
      'DATABASE_URL',
      'TEMPORAL_CLI',
      'Examples:',
    ]) {
      expect(text).toContain(part);
    }
    expect(exitCode).toBe(0);
  });
});

describe('the environment of npm run dev', () => {
  test.for([{}, { DATABASE_URL: 'postgres://localhost/app', SESSION_CLEANUP_TABLE: 'auth.s' }])(
    'may be %j',
    (env) => {
      expect(() => {
        checkEnvironment(env);
      }).not.toThrow();
    },
  );

  test.for([
    [{ SESSION_CLEANUP_LANES: '99' }, 'SESSION_CLEANUP_LANES: "99"'],
    [{ DATABASE_URL: 'mysql://localhost/app' }, 'DATABASE_URL: '],
    [{ TEMPORAL_ADDRESS: 'http://localhost' }, 'TEMPORAL_ADDRESS: "http://localhost"'],
    [{ SESSION_CLEANUP_TABLE: 'auth.sessions' }, 'a database started here does not have'],
    [{ SESSION_CLEANUP_PRESET: 'connect-pg-simple' }, 'a database started here does not have'],
  ] as const)('is refused when it is %j', ([env, message]) => {
    expect(() => {
      checkEnvironment(env);
    }).toThrow(message);
  });

  test('has no database for a library, which creates its tables in one of its own', () => {
    expect(() => {
      checkEnvironment({ DATABASE_URL: 'postgres://localhost/app' }, 'connect-pg-simple');
    }).toThrow('--store');
  });
});
