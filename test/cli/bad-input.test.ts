import { createServer } from 'node:net';

import { describe, expect, test as base } from 'vitest';

import { runCommand } from './command-process.ts';

/** A listener that closes every connection at once. */
interface Listener {
  /** `host:port`. */
  readonly address: string;
  readonly connections: () => number;
}

const test = base.extend('listener', async ({}, { onCleanup }): Promise<Listener> => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onCleanup(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  );
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('not bound to a port');
  const { port } = bound;
  return { address: `127.0.0.1:${port}`, connections: () => connections };
});

/** Everything is set, and points to the listener. */
function environmentOf({ address }: Listener): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: `postgres://app:hunter2@${address}/shop`,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_API_KEY: 'hunter2',
    TEMPORAL_TLS: 'false',
  };
}

const WORKING = ['worker', 'migrate', 'preview', 'status'] as const;

describe('an invalid argument exits with 2 and opens no connection', () => {
  test.for([
    ['', /Usage/],
    ['bogus', /unknown command/],
    ['schedule', /Usage/],
    ['schedule bogus', /unknown command/],
    ['worker --bogus', /unknown option/],
    ['worker now', /too many arguments/],
    ['schedule pause --reason', /argument missing/],
    ['schedule pause --reason=', /^--reason: .* \(0 bytes\)/],
    [`schedule pause --reason=${'x'.repeat(1_001)}`, /^--reason: .* \(1001 bytes\)/],
    ['schedule backfill --from 2026-11-20T00:00:00Z', /required option '--to/],
    [
      'schedule backfill --from 2026-11-20 --to 2026-11-21',
      /^--from: "2026-11-20" is not an instant/,
    ],
    ['schedule backfill --from 2026-11-21T00:00:00Z --to 2026-11-20T00:00:00Z', /is after --to/],
    ['schedule backfill --from 2026-11-20T00:00:00Z --to 2999-01-01T00:00:00Z', /future/],
    [
      'schedule backfill --from 2026-11-20T00:00:00Z --to 2026-11-21T00:00:00Z --overlap all',
      /Allowed choices are/,
    ],
    ['run start --cutoff tomorrow', /^--cutoff: "tomorrow" is not/],
    ['run start --cutoff 2999-01-01T00:00:00Z', /future/],
    ['run start --dry-run=false', /dry-run/],
  ] as const)('session-cleanup %s', async ([line, message], { listener }) => {
    const args = line.split(' ').filter((word) => word !== '');
    const { exitCode, stdout, stderr } = await runCommand(args, environmentOf(listener));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(listener.connections()).toBe(0);
  });
});

describe('an invalid setting exits with 2 and opens no connection', () => {
  test('reports all problems together, without secrets', async ({ listener }) => {
    const { exitCode, stdout, stderr } = await runCommand(['worker'], {
      ...environmentOf(listener),
      DATABASE_URL: `mysql://app:hunter2@${listener.address}/shop`,
      SESSION_CLEANUP_LANES: '0',
      SESSION_CLEANUP_LANE: '1',
      TEMPORAL_TLS: 'maybe',
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/has 4 problems/);
    for (const name of ['DATABASE_URL', '_LANES', '_LANE: unknown', 'TEMPORAL_TLS']) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain('hunter2');
    expect(listener.connections()).toBe(0);
  });

  test.for([
    ...WORKING,
    'schedule apply',
    'schedule describe',
    'schedule pause',
    'schedule trigger',
    'schedule delete',
    'run start',
  ])('%s refuses SESSION_CLEANUP_INTERVAL=often', async (line, { listener }) => {
    const { exitCode, stderr } = await runCommand(line.split(' '), {
      ...environmentOf(listener),
      SESSION_CLEANUP_INTERVAL: 'often',
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('SESSION_CLEANUP_INTERVAL: "often"');
    expect(listener.connections()).toBe(0);
  });

  test.for(['worker', 'migrate', 'preview'])(
    '%s needs DATABASE_URL',
    async (line, { listener }) => {
      const { DATABASE_URL: _, ...environment } = environmentOf(listener);
      const { exitCode, stderr } = await runCommand([line], environment);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('DATABASE_URL: not set');
      expect(listener.connections()).toBe(0);
    },
  );
});

test('the same commands do connect when nothing is wrong', async ({ listener }) => {
  const { exitCode, stdout, stderr } = await runCommand(['preview'], environmentOf(listener));
  expect(exitCode).toBe(1);
  expect(listener.connections()).toBeGreaterThan(0);
  expect(stdout + stderr).not.toContain('hunter2');
  // Without the words of a run, whose slices are retried.
  expect(stdout + stderr).toContain('PostgreSQL: the server cannot be reached');
  expect(stdout + stderr).not.toContain('slice');
});

test('a command for the schedule needs no database', async ({ listener }) => {
  const { DATABASE_URL: _, ...environment } = environmentOf(listener);
  const { exitCode, stderr } = await runCommand(['schedule', 'pause'], environment);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`Temporal cannot be reached at ${listener.address}`);
  expect(listener.connections()).toBeGreaterThan(0);
});
