import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { ConfigError } from '../../src/config/config.ts';
import { loadConfig, loadConfigWithoutDatabase } from '../../src/config/load-config.ts';
import { PRESETS } from '../../src/config/presets.ts';
import { replacedVariables } from '../../src/config/replaced-variables.ts';
import { settingsReference } from '../../src/config/settings.ts';
import { problemsOf as problemsIn } from '../support/config-problems.ts';

const DATABASE_URL = 'postgres://app:hunter2@db.internal:5432/shop';

describe('defaults', () => {
  it('clean the table sessions every six hours', () => {
    expect(loadConfig({ DATABASE_URL })).toEqual({
      database: {
        url: DATABASE_URL,
        ledgerSchema: 'session_cleanup',
        defaultSchema: undefined,
        ownsSessionsTable: true,
      },
      targets: [
        {
          name: 'sessions',
          file: undefined,
          schema: undefined,
          table: 'sessions',
          expiresColumns: ['expires_at'],
          expiresType: undefined,
          timeZone: undefined,
          lifetimeSeconds: 0,
          lifetimeColumn: undefined,
          never: [],
          where: [],
          graceSeconds: 0,
          approvalShare: 1,
          unlessReferenced: false,
          dependents: [],
          unlink: [],
          cascade: 'refuse',
          partitions: undefined,
        },
      ],
      deletion: {
        lanes: 2,
        lanesWhenBusy: 1,
        chunkMilliseconds: 20,
        lockTimeoutMilliseconds: 20,
        sliceSeconds: 300,
        asynchronousCommit: true,
        rowsPerSecond: undefined,
        maxReplicaLagSeconds: 10,
        maxTransactionAgeSeconds: 3_600,
        runBudgetSeconds: undefined,
        plausibility: 'check',
        ledgerRetentionDays: 30,
      },
      schedule: {
        scheduleId: 'session_cleanup',
        intervalSeconds: 21_600,
        offsetSeconds: 0,
        atWorkerStart: 'apply',
      },
      taskQueue: 'session-cleanup',
      logLevel: 'info',
    });
  });

  it('hold for variables that are set to nothing', () => {
    const empty = Object.fromEntries(settingsReference().map(({ name }) => [name, '']));
    expect(loadConfig({ ...empty, DATABASE_URL })).toEqual(loadConfig({ DATABASE_URL }));
  });
});

describe('values', () => {
  it('are all taken over', () => {
    const config = loadConfig({
      DATABASE_URL,
      SESSION_CLEANUP_TABLE: 'auth.sessions',
      SESSION_CLEANUP_EXPIRES_COLUMN: 'last_used',
      SESSION_CLEANUP_LIFETIME: '1d',
      SESSION_CLEANUP_EXPIRES_TYPE: 'epoch-seconds',
      SESSION_CLEANUP_TIME_ZONE: 'Europe/Berlin',
      SESSION_CLEANUP_CASCADE: 'allow',
      SESSION_CLEANUP_LEDGER_SCHEMA: 'ops',
      SESSION_CLEANUP_GRACE: '1h',
      SESSION_CLEANUP_LANES: '16',
      SESSION_CLEANUP_LANES_WHEN_BUSY: '4',
      SESSION_CLEANUP_CHUNK_TIME: '1s',
      SESSION_CLEANUP_LOCK_TIMEOUT: '1ms',
      SESSION_CLEANUP_SLICE_TIME: '10m',
      SESSION_CLEANUP_ASYNC_COMMIT: 'FALSE',
      SESSION_CLEANUP_ROWS_PER_SECOND: '500',
      SESSION_CLEANUP_RUN_BUDGET: '2h',
      SESSION_CLEANUP_APPROVAL: 'off',
      SESSION_CLEANUP_MAX_REPLICA_LAG: '0s',
      SESSION_CLEANUP_MAX_TRANSACTION_AGE: '1d',
      SESSION_CLEANUP_LEDGER_RETENTION: '2d',
      SESSION_CLEANUP_INTERVAL: '1d',
      SESSION_CLEANUP_OFFSET: '90m',
      SESSION_CLEANUP_SCHEDULE: 'check',
      SESSION_CLEANUP_TASK_QUEUE: 'cleaners',
      SESSION_CLEANUP_LOG_LEVEL: 'warn',
    });
    expect(config).toEqual({
      database: {
        url: DATABASE_URL,
        ledgerSchema: 'ops',
        defaultSchema: undefined,
        ownsSessionsTable: false,
      },
      targets: [
        expect.objectContaining({
          name: 'sessions',
          schema: 'auth',
          table: 'sessions',
          expiresColumns: ['last_used'],
          expiresType: 'epoch-seconds',
          lifetimeSeconds: 86_400,
          timeZone: 'Europe/Berlin',
          graceSeconds: 3_600,
          approvalShare: null,
          cascade: 'allow',
        }),
      ],
      deletion: {
        lanes: 16,
        lanesWhenBusy: 4,
        chunkMilliseconds: 1_000,
        lockTimeoutMilliseconds: 1,
        sliceSeconds: 600,
        asynchronousCommit: false,
        rowsPerSecond: 500,
        maxReplicaLagSeconds: 0,
        maxTransactionAgeSeconds: 86_400,
        runBudgetSeconds: 7_200,
        plausibility: 'check',
        ledgerRetentionDays: 2,
      },
      schedule: {
        scheduleId: 'session_cleanup',
        intervalSeconds: 86_400,
        offsetSeconds: 5_400,
        atWorkerStart: 'check',
      },
      taskQueue: 'cleaners',
      logLevel: 'warn',
    });
  });

  it('take a bare interval as seconds', () => {
    const { schedule } = loadConfig({ DATABASE_URL, SESSION_CLEANUP_INTERVAL: '21600' });
    expect(schedule.intervalSeconds).toBe(21_600);
  });

  it.each([
    ['SESSION_CLEANUP_TABLE', 'sessions'],
    ['SESSION_CLEANUP_EXPIRES_COLUMN', 'expires'],
    ['SESSION_CLEANUP_EXPIRES_TYPE', 'timestamptz'],
    ['SESSION_CLEANUP_PRESET', 'connect-pg-simple'],
  ])('leave the sessions table to its owner once %s describes it', (name, value) => {
    expect(loadConfig({ DATABASE_URL, [name]: value }).database.ownsSessionsTable).toBe(false);
  });
});

describe('a preset', () => {
  const environment = { DATABASE_URL, SESSION_CLEANUP_PRESET: 'connect-pg-simple' };

  it('describes the table, and other variables override its keys', () => {
    const [target] = loadConfig(environment).targets;
    expect(target).toMatchObject({
      name: 'sessions',
      table: 'session',
      expiresColumns: ['expire'],
      lifetimeSeconds: 0,
      timeZone: undefined,
    });
    const overridden = loadConfig({
      ...environment,
      SESSION_CLEANUP_TABLE: 'web.session',
      SESSION_CLEANUP_TIME_ZONE: 'UTC',
      SESSION_CLEANUP_LIFETIME: '1h',
    });
    expect(overridden.targets).toEqual([
      { ...target, schema: 'web', timeZone: 'UTC', lifetimeSeconds: 3_600 },
    ]);
  });

  it.each(Object.keys(PRESETS))('%s needs no other setting', (name) => {
    expect(problemsOf({ DATABASE_URL, SESSION_CLEANUP_PRESET: name })).toEqual([]);
  });

  it('without a column takes none from the default table', () => {
    const [name = ''] =
      Object.entries(PRESETS).find(([, { target }]) => target.expires === 'immediately') ?? [];
    expect(
      problemsOf({ DATABASE_URL, SESSION_CLEANUP_PRESET: name, SESSION_CLEANUP_LIFETIME: '1d' }),
    ).toEqual([expect.stringContaining('exactly one of these is needed')]);
  });

  it('that does not exist is refused with a suggestion', () => {
    expect(problemsOf({ DATABASE_URL, SESSION_CLEANUP_PRESET: 'connect-pg-simpel' })).toEqual([
      'SESSION_CLEANUP_PRESET: there is no preset "connect-pg-simpel". Did you mean connect-pg-simple?',
    ]);
    expect(problemsOf({ DATABASE_URL, SESSION_CLEANUP_PRESET: 'constructor' })).toHaveLength(1);
  });
});

it('refuses a lifetime without the column that it counts from', () => {
  expect(problemsOf({ DATABASE_URL, SESSION_CLEANUP_LIFETIME: '1d' })).toEqual([
    expect.stringMatching(/^SESSION_CLEANUP_LIFETIME: needs SESSION_CLEANUP_EXPIRES_COLUMN/),
  ]);
});

describe('variables of several tables', () => {
  it('are refused with the file that replaces them', () => {
    const environment = {
      DATABASE_URL,
      SESSION_CLEANUP_TARGETS: 'refresh-tokens, sessions',
      SESSION_CLEANUP_REFRESH_TOKENS_TABLE: 'auth.refresh_tokens',
      SESSION_CLEANUP_REFRESH_TOKENS_EXPIRES_COLUMN: 'valid_until',
      SESSION_CLEANUP_REFRESH_TOKENS_EXPIRES_TYPE: 'iso8601',
      SESSION_CLEANUP_REFRESH_TOKENS_TIME_ZONE: 'Asia/Kathmandu',
      SESSION_CLEANUP_REFRESH_TOKENS_CASCADE: 'allow',
      SESSION_CLEANUP_TIME_ZONE: 'UTC',
    };
    const [problem = '', ...others] = problemsOf(environment);
    expect(others).toEqual([]);
    for (const name of Object.keys(environment).slice(1)) expect(problem).toContain(name);
    const file = problem.split('\n\n')[1] ?? '';
    expect(parse(file)).toEqual({
      targets: {
        'refresh-tokens': {
          table: 'auth.refresh_tokens',
          expires: { column: 'valid_until', type: 'iso8601' },
          timeZone: 'Asia/Kathmandu',
          cascade: 'allow',
        },
        sessions: { table: 'sessions', expires: { column: 'expires_at' }, timeZone: 'UTC' },
      },
    });
  });

  it('are found without their list, too', () => {
    const [problem = ''] = problemsOf({ DATABASE_URL, SESSION_CLEANUP_TOKENS_TABLE: 'tokens' });
    expect(parse(problem.split('\n\n')[1] ?? '')).toEqual({
      targets: { tokens: { table: 'tokens', expires: { column: 'expires_at' } } },
    });
  });

  it('are no variables of today', () => {
    const names = settingsReference().map(({ name }) => [name, 'x'] as const);
    expect(replacedVariables(Object.fromEntries(names))).toEqual([]);
  });
});

describe('problems', () => {
  it('are reported together, each with its name, value, range and remedy', () => {
    const problems = problemsOf({
      SESSION_CLEANUP_LANES: '0',
      SESSION_CLEANUP_CHUNK_TIME: '2s',
      SESSION_CLEANUP_ASYNC_COMMIT: 'maybe',
      SESSION_CLEANUP_TABLE: '"auth',
      SESSION_CLEANUP_INTERVAL: '1500ms',
    });
    expect(problems).toEqual([
      'DATABASE_URL: not set. Allowed: postgres://user:password@host:port/database. Set it to the address of the database that holds the sessions.',
      expect.stringMatching(/^SESSION_CLEANUP_TABLE: "\\"auth" is invalid\. .* Correct it\.$/),
      'SESSION_CLEANUP_INTERVAL: "1500ms" is invalid. Allowed: 1s to 365d, in whole seconds; a bare number is seconds. Correct it, or unset it for the default, 6h.',
      'SESSION_CLEANUP_LANES: "0" is invalid. Allowed: a whole number from 1 to 16. Correct it, or unset it for the default, 2.',
      'SESSION_CLEANUP_CHUNK_TIME: "2s" is invalid. Allowed: 10ms to 1s, in whole milliseconds. Correct it, or unset it for the default, 20ms.',
      'SESSION_CLEANUP_ASYNC_COMMIT: "maybe" is invalid. Allowed: true or false (also yes/no, on/off, 1/0). Correct it, or unset it for the default, true.',
    ]);
  });

  it.each([
    ['SESSION_CLEANUP_LANES', ['0', '17', '2.0', '1e1', '0x2', ' 2', 'two', '-1']],
    ['SESSION_CLEANUP_CHUNK_TIME', ['9ms', '1001ms', '50']],
    ['SESSION_CLEANUP_LOCK_TIMEOUT', ['0ms', '0s', '101ms']],
    ['SESSION_CLEANUP_SLICE_TIME', ['999ms', '0s', '601s', '11m']],
    ['SESSION_CLEANUP_GRACE', ['-1s', '3651d', '1']],
    ['SESSION_CLEANUP_LEDGER_RETENTION', ['1d', '25h', '3651d']],
    ['SESSION_CLEANUP_INTERVAL', ['0', '0s', '366d', '6 hours', '1.5']],
    ['SESSION_CLEANUP_OFFSET', ['6h', '1d', '500ms']],
    ['SESSION_CLEANUP_SCHEDULE', ['APPLY', 'on', 'true']],
    ['SESSION_CLEANUP_ASYNC_COMMIT', ['t', '2', 'nope']],
    ['SESSION_CLEANUP_LOG_LEVEL', ['loud', 'INFO']],
    ['SESSION_CLEANUP_TASK_QUEUE', [' ', ' a', '/_sys/a', 'x'.repeat(1_001)]],
    [
      'SESSION_CLEANUP_LEDGER_SCHEMA',
      ['pg_catalog', 'information_schema', 'a.b', '"a.b"', 'a?', '"'],
    ],
    ['SESSION_CLEANUP_EXPIRES_COLUMN', ['a.b', 'x'.repeat(64)]],
    ['SESSION_CLEANUP_EXPIRES_TYPE', ['epoch', 'timestamp with time zone', 'Timestamptz']],
    ['SESSION_CLEANUP_TIME_ZONE', ['Mars/Olympus', '+02:00']],
    ['SESSION_CLEANUP_APPROVAL', ['0%', '101%', '50', 'on']],
  ])('name %s and each wrong value', (name, values) => {
    for (const value of values) {
      expect(problemsOf({ DATABASE_URL, [name]: value })).toEqual([
        expect.stringMatching(new RegExp(`^${name}: .*(?:Allowed: |is not less than )`)),
      ]);
    }
  });

  it.each([
    ['SESSION_CLEANUP_LANE', 'SESSION_CLEANUP_LANES'],
    ['SESSION_CLEANUP_INTERVALL', 'SESSION_CLEANUP_INTERVAL'],
    ['SESSION_CLEANUP_TABEL', 'SESSION_CLEANUP_TABLE'],
    ['SESSION_CLEANUP_LNAES', 'SESSION_CLEANUP_LANES'],
    ['SESSION_CLEANUP_EXPIRE_COLUMN', 'SESSION_CLEANUP_EXPIRES_COLUMN'],
    ['SESSION_CLEANUP_TIMEZONE', 'SESSION_CLEANUP_TIME_ZONE'],
  ])('ask of the unknown %s whether %s was meant', (typed, meant) => {
    expect(problemsOf({ DATABASE_URL, [typed]: '1' })).toEqual([
      `${typed}: unknown setting. Did you mean ${meant}?`,
    ]);
  });

  it.each([
    ['SESSION_CLEANUP_BRAKE', 'SESSION_CLEANUP_APPROVAL'],
    ['SESSION_CLEANUP_LANES_BESIDE_OTHERS', 'SESSION_CLEANUP_LANES_WHEN_BUSY'],
  ])('give the new name of %s', (former, name) => {
    expect(problemsOf({ DATABASE_URL, [former]: '1' })).toEqual([
      `${former}: this setting is called ${name} now. Rename it.`,
    ]);
  });

  it('never show what is secret in an address', () => {
    for (const url of [
      'mysql://app:hunter2@db/shop',
      'postgres://app:hunter2@db',
      'postgres://app:hunter2@db/?password=hunter2',
      'postgres://app:hunter2@db:port/shop',
      'postgres://app:hunter2@db/shop?sslmode=prefer',
      'postgres://app:hunter2@db/shop?sslmode=hunter2',
      'hunter2',
    ]) {
      const problems = problemsOf({ DATABASE_URL: url });
      expect(problems).toEqual([expect.stringMatching(/^DATABASE_URL: /)]);
      expect(problems.join()).not.toContain('hunter2');
    }
  });

  it('are reported for any text, and no other error is thrown', () => {
    const names = settingsReference().map(({ name }) => name);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ unit: 'binary' }), (name, value) => {
        expect(problemsOf({ DATABASE_URL, [name]: value })).toBeInstanceOf(Array);
      }),
    );
  }, 30_000);
});

describe('without a database', () => {
  it('needs no address, and looks at none', () => {
    expect(loadConfigWithoutDatabase({})).not.toHaveProperty('database');
    expect(loadConfigWithoutDatabase({ DATABASE_URL: 'nonsense' })).toEqual(
      loadConfigWithoutDatabase({}),
    );
  });

  it('is still refused when another setting is wrong', () => {
    expect(() => loadConfigWithoutDatabase({ SESSION_CLEANUP_LANES: '99' })).toThrow(ConfigError);
    expect(() => loadConfigWithoutDatabase({ SESSION_CLEANUP_LEDGER_SCHEMA: 'pg_x' })).toThrow(
      ConfigError,
    );
  });
});

function problemsOf(environment: NodeJS.ProcessEnv): readonly string[] {
  return problemsIn(() => loadConfig(environment));
}
