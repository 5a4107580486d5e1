import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { stringify } from 'yaml';

import type { TargetConfig } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { problemsOf } from '../support/config-problems.ts';
import { test as base } from '../support/temporary-folder.ts';

const DATABASE_URL = 'postgres://app:hunter2@db.internal:5432/shop';
const EXAMPLE = 'test/unit/fixtures/session-cleanup.yaml';

/** A file of the test, whose path messages begin with. */
interface TestFile {
  readonly path: string;
  readonly targets: (text: string, environment?: NodeJS.ProcessEnv) => readonly TargetConfig[];
  /** Problems without the path of the file. */
  readonly problems: (text: string | Buffer, environment?: NodeJS.ProcessEnv) => readonly string[];
}

const test = base.extend('file', ({ folder }): TestFile => {
  const file = path.join(folder, 'c.yaml');
  const load = (text: string | Buffer, environment: NodeJS.ProcessEnv): readonly TargetConfig[] => {
    writeFileSync(file, text);
    return loadConfig({ DATABASE_URL, SESSION_CLEANUP_CONFIG: file, ...environment }).targets;
  };
  return {
    path: file,
    targets: (text, environment = {}) => load(text, environment),
    problems: (text, environment = {}) =>
      problemsOf(() => load(text, environment)).map((problem) =>
        problem.replaceAll(file, 'c.yaml'),
      ),
  };
});

/** A target of the table `t` with these further keys. */
const target = (keys: string): string => `targets:\n  web:\n    table: t\n    ${keys}\n`;

describe('the example of the documentation', () => {
  test('is refused for what is not supported yet, and for nothing else', () => {
    expect(problemsOf(() => loadConfig({ DATABASE_URL, SESSION_CLEANUP_CONFIG: EXAMPLE }))).toEqual(
      [
        expect.stringMatching(/: targets\.tenants\.schemas: not supported yet\. Remove it\.$/),
        expect.stringMatching(/: targets\.tenants\.database: not supported yet\. Remove it\.$/),
        expect.stringMatching(/: databases: not supported yet\. Remove it\.$/),
      ],
    );
  });

  test('describes each rule, in the order of the file', ({ file }) => {
    const targets = file.targets(`
defaults: { timeZone: UTC, grace: 1m }
targets:
  web: { preset: connect-pg-simple, timeZone: America/New_York }
  oauth:
    table: auth.oauth_access_tokens
    expires: { column: created_at, lifetimeColumn: expires_in, lifetimeUnit: seconds, never: [0] }
    where: { refresh_token: null, kind: [a, 1, null], state: { not: { startsWith: x } }, n: { above: 3 } }
    grace: 1d
    approval: 80%
    cascade: allow
  revoked: { table: oauth, expires: immediately, where: { revoked: true } }
  both: { table: t, expires: { latestOf: [a, b], type: iso8601, lifetime: 15m }, partitions: rows }
  family:
    table: '"My.Tokens"'
    expires: { column: '"expires.at"' }
    unlessReferenced: true
    dependents: [{ table: child, column: token_id }]
    unlink: [{ table: s.other, columns: { a: b, c: d } }]
    approval: off
`);
    const plain = {
      file: file.path,
      schema: undefined,
      expiresType: undefined,
      timeZone: 'UTC',
      lifetimeSeconds: 0,
      lifetimeColumn: undefined,
      never: [],
      where: [],
      graceSeconds: 60,
      approvalShare: 1,
      unlessReferenced: false,
      dependents: [],
      unlink: [],
      cascade: 'refuse',
      partitions: undefined,
    };
    expect(targets).toEqual([
      {
        ...plain,
        name: 'web',
        table: 'session',
        expiresColumns: ['expire'],
        timeZone: 'America/New_York',
      },
      {
        ...plain,
        name: 'oauth',
        schema: 'auth',
        table: 'oauth_access_tokens',
        expiresColumns: ['created_at'],
        lifetimeColumn: { column: 'expires_in', unit: 'seconds' },
        never: [0],
        where: [
          { column: 'refresh_token', condition: { anyOf: [null] } },
          { column: 'kind', condition: { anyOf: ['a', 1, null] } },
          { column: 'state', condition: { not: { startsWith: 'x' } } },
          { column: 'n', condition: { above: 3 } },
        ],
        graceSeconds: 86_400,
        approvalShare: 0.8,
        cascade: 'allow',
      },
      {
        ...plain,
        name: 'revoked',
        table: 'oauth',
        expiresColumns: [],
        where: [{ column: 'revoked', condition: { anyOf: [true] } }],
      },
      {
        ...plain,
        name: 'both',
        table: 't',
        expiresColumns: ['a', 'b'],
        expiresType: 'iso8601',
        lifetimeSeconds: 900,
        partitions: 'rows',
      },
      {
        ...plain,
        name: 'family',
        table: 'My.Tokens',
        expiresColumns: ['expires.at'],
        unlessReferenced: true,
        dependents: [
          {
            schema: undefined,
            table: 'child',
            columns: [{ child: 'token_id', parent: undefined }],
          },
        ],
        unlink: [
          {
            schema: 's',
            table: 'other',
            columns: [
              { child: 'a', parent: 'b' },
              { child: 'c', parent: 'd' },
            ],
          },
        ],
        approvalShare: null,
      },
    ]);
  });
});

describe('a value', () => {
  test('comes from the target, its preset, defaults, the environment, in this order', ({
    file,
  }) => {
    const environment = { SESSION_CLEANUP_GRACE: '3h', SESSION_CLEANUP_APPROVAL: '30%' };
    const text = `
defaults: { grace: 2h }
targets:
  own: { table: a, expires: { column: x }, grace: 1h }
  shared: { table: b, expires: { column: x } }
`;
    expect(file.targets(text, environment)).toMatchObject([
      { graceSeconds: 3_600, approvalShare: 0.3 },
      { graceSeconds: 7_200, approvalShare: 0.3 },
    ]);
    expect(file.targets(text)).toMatchObject([{ approvalShare: 1 }, { approvalShare: 1 }]);
    expect(file.targets(text.replace('{ grace: 2h }', '{}'), environment)[1]).toMatchObject({
      graceSeconds: 10_800,
    });
  });

  test('of a preset is replaced key by key, and by keys that exclude it', ({ file }) => {
    const web = (keys: string): TargetConfig | undefined =>
      file.targets(`targets: { web: { preset: connect-pg-simple, ${keys} } }`)[0];
    expect(web('expires: { lifetime: 1d }')).toMatchObject({
      table: 'session',
      expiresColumns: ['expire'],
      lifetimeSeconds: 86_400,
    });
    expect(web('expires: { latestOf: [a, b] }')).toMatchObject({ expiresColumns: ['a', 'b'] });
    expect(web('expires: immediately, where: { a: 1 }')).toMatchObject({ expiresColumns: [] });
    expect(web('expires: { timeZone: Asia/Tokyo }')).toMatchObject({ timeZone: 'Asia/Tokyo' });
  });

  test('of a condition keeps its type', ({ file }) => {
    const [web] = file.targets(
      target(
        'expires: { column: a }\n    where: { a: "1", b: 1, c: yes, d: true, e: 9007199254740991 }',
      ),
    );
    expect(web?.where.map(({ condition }) => condition)).toEqual(
      ['1', 1, 'yes', true, Number.MAX_SAFE_INTEGER].map((value) => ({ anyOf: [value] })),
    );
  });
});

describe('each problem is reported with line, column, key, value and what is allowed', () => {
  test.for<[keys: string, problem: string]>([
    [
      'expires: immediatly',
      '4:14: targets.web.expires: "immediatly" is invalid. Allowed: immediately, or a map with column or latestOf.',
    ],
    [
      'expires: { column: a, type: epoch }',
      '4:33: targets.web.expires.type: "epoch" is invalid. Allowed: timestamptz, timestamp, epoch-seconds, epoch-milliseconds, iso8601.',
    ],
    [
      'expires: { column: a, lifetime: 30 }',
      '4:37: targets.web.expires.lifetime: 30 is invalid. Allowed: 1s to 3650d, in whole seconds.',
    ],
    ['expires: { colum: a }', '4:16: targets.web.expires.colum: unknown key. Did you mean column?'],
    ['expire: { column: a }', '4:5: targets.web.expire: unknown key. Did you mean expires?'],
  ])('%s', ([keys, problem], { file }) => {
    expect(file.problems(target(keys))).toContain(`c.yaml:${problem}`);
  });

  test.for<[keys: string, problem: string]>([
    ['column: a\n    expires: { column: a }', 'column: unknown key. Did you mean expires.column?'],
    ['grace: 1s', 'exactly one of these is needed'],
    ['expires: {}', 'exactly one of these is needed'],
    ['expires: { column: a, latestOf: [b] }', 'exactly one of these is needed'],
    ['expires: immediately', 'needs "where"'],
    ['expires: { column: a, lifetime: 1d, lifetimeColumn: b }', 'excludes lifetime'],
    ['expires: { column: a, lifetimeUnit: days }', 'needs lifetimeColumn'],
    ['expires: { column: a, timeZone: UTC }\n    timeZone: Asia/Tokyo', 'differs from'],
    ['expires: { column: a }\n    partitions: drop', 'not supported yet'],
    ['expires: { column: a }\n    where: {}', 'not empty'],
    ['expires: { column: a }\n    where:', 'a map of column: condition'],
    ['expires: { column: a }\n    where: { b: [] }', 'a list of values, not empty'],
    ['expires: { column: a }\n    where: { b: { above: soon } }', 'a number, or an instant'],
    [
      'expires: { column: a }\n    where: { b: { above: 1, startsWith: x } }',
      'Allowed: a value, a list',
    ],
    ['expires: { column: a }\n    where: { b: { startsWith: "" } }', 'a text, not empty'],
    ['expires: { column: a }\n    where: { b: "\\0" }', 'without NUL'],
    ['expires: { column: a }\n    where: { b.c: 1 }', 'the name is invalid'],
    ['expires: { column: a, never: [null] }', 'a text without NUL characters, a number'],
    ['expires: { column: a }\n    approval: 0%', '1% to 100%, or off'],
    ['expires: { column: a }\n    grace: -1s', '0s to 3650d'],
    ['expires: { column: a }\n    dependents: [{ table: c }]', 'column, columns'],
    [
      'expires: { column: a }\n    unlink: [{ table: c, column: d, columns: { d: e } }]',
      'column, columns',
    ],
    ['expires: { column: a }\n    dependents: [{ column: c }]', 'missing. Allowed: table or'],
    ['expires: { column: a }\n    preset: connect-pg-simpel', 'Did you mean connect-pg-simple?'],
    ['expires: { column: a }\n    cascade: yes', 'refuse, allow'],
  ])('%s', ([keys, problem], { file }) => {
    expect(file.problems(target(keys))).toEqual([expect.stringContaining(problem)]);
  });

  test('all at once, of all targets', ({ file }) => {
    const text = `
default: {}
targets:
  Web: { table: t, expires: { column: a } }
  one: { table: 7, expires: { column: a } }
  two: { expires: { column: a } }
  three: { table: u, expires: { column: a } }
  four: { table: u, expires: { column: a }, grace: 1d }
databases: { shard: { urlFrom: 'postgres://app:hunter2@db/shop' } }
`;
    const problems = file.problems(text, { SESSION_CLEANUP_LANES: '99' });
    expect(problems.map((problem) => /^\S+(?: targets\.\w+)?/.exec(problem)?.[0])).toEqual([
      'c.yaml:2:1:',
      'c.yaml:4:3: targets.Web',
      'c.yaml:5:17: targets.one',
      'c.yaml:6:3: targets.two',
      'c.yaml:8:3: targets.four',
      'c.yaml:9:32:',
      'SESSION_CLEANUP_LANES:',
    ]);
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('a file is refused', () => {
  test.for([
    ['', 'c.yaml: is empty.'],
    ['# nothing\n', 'c.yaml: is empty.'],
    ['targets:', 'c.yaml:1:9: targets: null is invalid. Allowed: a map of targets, not empty.'],
    ['targets: {}', 'a map of targets, not empty.'],
    ['defaults: {}', 'targets: missing.'],
    [
      'web',
      'the file: "web" is invalid. Allowed: a map with the keys defaults, targets, databases.',
    ],
    ['targets:\n\tweb: 1', 'c.yaml:2:1: a tab indents this line.'],
    ['a: 1\na: 2', 'c.yaml:2:1: the key "a" is there twice.'],
    ['a: &x 1\nb: *x', 'c.yaml:1:4: an anchor (&) is not supported.'],
    ['a: 1\nb: *x', 'c.yaml:2:4: an alias (*) is not supported.'],
    ['a: !!str 1', 'c.yaml:1:4: a tag (!) is not supported.'],
    ['%YAML 1.1\n---\na: yes', 'c.yaml:1:1: a directive (%) is not supported.'],
    ['a: 1\n---\nb: 1', 'a second document begins here.'],
    ['a: {b', 'c.yaml:1:'],
    ['a: 9007199254740993', 'c.yaml:1:4: the number is too large to be read exactly.'],
    ['a: -1e300', 'c.yaml:1:4: the number is too large to be read exactly.'],
    ['a: .inf', 'c.yaml:1:4: Infinity is not a number'],
    ['1: a', 'c.yaml:1:1: a key has to be a text.'],
    ['? [a]\n: b', 'c.yaml:1:3: a key has to be a text.'],
    ['__proto__: a', 'c.yaml:1:1: the key "__proto__" is not supported.'],
  ] as const)('%j', ([text, problem], { file }) => {
    expect(file.problems(text)[0]).toContain(problem);
  });

  test('that is a directory, is missing, cannot be read, is too large or not UTF-8', ({
    file,
    folder,
  }) => {
    const problems = (name: string): readonly string[] =>
      problemsOf(() =>
        loadConfig({ DATABASE_URL, SESSION_CLEANUP_CONFIG: path.join(folder, name) }),
      );
    mkdirSync(path.join(folder, 'directory'));
    symlinkSync('loop', path.join(folder, 'loop'));
    expect(problems('directory')).toEqual([expect.stringContaining('is a directory.')]);
    expect(problems('missing')).toEqual([expect.stringContaining('does not exist.')]);
    expect(problems('loop')).toEqual([expect.stringContaining('cannot be read (ELOOP).')]);
    expect(problems('../../../../../../../../dev/null')).toEqual([
      expect.stringContaining('is not a regular file.'),
    ]);
    expect(file.problems(`#${'x'.repeat(1_000_000)}`)).toEqual([
      'c.yaml: has 1000001 bytes. Allowed: at most 1000000.',
    ]);
    expect(file.problems(Buffer.from([0xff, 0xfe, 0x61]))).toEqual([
      'c.yaml: is not UTF-8. Save it in that encoding.',
    ]);
    if (process.getuid?.() !== 0) {
      chmodSync(file.path, 0);
      expect(problems('c.yaml')).toEqual([expect.stringContaining('cannot be read (EACCES).')]);
    }
  });

  test.for([
    ['aliases', `a: &x 1\nb: [${'*x,'.repeat(300_000)}]`],
    [
      'nested aliases',
      Array.from({ length: 30_000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i}]`).join('\n'),
    ],
    ['repeated keys', 'a: 1\n'.repeat(30_000)],
    ['levels', `a: ${'['.repeat(900_000)}`],
    ['levels of conditions', target(`where: { a: ${'{ not: '.repeat(400)} 1 ${'}'.repeat(400)} }`)],
  ] as const)('quickly, with very many %s', ([, text], { file }) => {
    const begin = performance.now();
    expect(file.problems(text).length).toBeGreaterThan(0);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  test('together with variables that describe one table', ({ file }) => {
    const text = target('expires: { column: a }');
    expect(
      file.problems(text, { SESSION_CLEANUP_TABLE: 'x', SESSION_CLEANUP_TARGETS: 'sessions' }),
    ).toEqual([
      'SESSION_CLEANUP_TABLE, SESSION_CLEANUP_TARGETS: cannot be combined with c.yaml, which describes the targets. Unset them.',
    ]);
  });

  test('for any text in any place, without another error', ({ file }) => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.string(),
        fc.integer(),
        fc.constantFrom(null, true),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(fc.string(), fc.constantFrom('not', 'column', 'expires', 'where', 'table')),
          tie('any'),
          { maxKeys: 3 },
        ),
      ),
    })).any;
    fc.assert(
      fc.property(value, (any) => {
        for (const content of [any, { targets: any }, { targets: { web: any } }]) {
          expect(file.problems(stringify(content))).toBeInstanceOf(Array);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('takes every storable text as a condition, as it is', ({ file }) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((it) => !it.includes('\0'));
  fc.assert(
    fc.property(
      text,
      fc.constantFrom(text).chain(() => text),
      (a, b) => {
        const content = {
          targets: { web: { table: 't', expires: { column: 'x' }, where: { a: [a, b] } } },
        };
        expect(file.targets(stringify(content))[0]?.where).toEqual([
          { column: 'a', condition: { anyOf: [a, b] } },
        ]);
      },
    ),
    { numRuns: 200 },
  );
});
