import { defineConfig } from 'vitest/config';

/** What tests have in common that kill nothing and open no browser. */
const ORDINARY = {
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: 30_000,
  // Tests wait for servers more than they compute, so three files keep two cores busy.
  maxWorkers: 3,
  sequence: { groupOrder: 0 },
};

export default defineConfig({
  test: {
    // Never `threads` or `vmThreads`: the Temporal SDK's native core is one for each process, and ends
    // the whole run with a segmentation fault when several threads load it.
    pool: 'forks',
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
    // A failure is found by its own output; what a test that passes has written only hides it. Nearly every test
    // starts a server or a worker, so none is listed for being slow.
    silent: 'passed-only',
    slowTestThreshold: 60_000,
    // Nobody waits that long unless something is wrong; the default of a second is short where servers start.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['unit', 'database', 'stores/npm', 'temporal', 'cli', 'dev'].map(
            (subject) => `test/${subject}/**/*.test.ts`,
          ),
          exclude: ['test/database/{missing-right,oldest-version}.test.ts'],
          ...ORDINARY,
        },
      },
      {
        extends: true,
        test: {
          name: 'least-rights',
          include: [
            'test/database/{missing-right,ways,locks,approval-check}.test.ts',
            'test/database/delete-expired-sessions.test.ts',
            'test/temporal/whole-run.test.ts',
          ],
          // What tests clean by is this role, with the rights that `session-cleanup grants` prints.
          provide: { databaseRole: 'least "rights"' },
          ...ORDINARY,
        },
      },
      {
        extends: true,
        test: {
          // To be run with `POSTGRES_PACKAGE`: what asks PostgreSQL itself for something.
          name: 'oldest-postgres',
          include: ['test/database/**/*.test.ts', 'test/temporal/whole-run.test.ts'],
          exclude: ['test/database/missing-right.test.ts'],
          ...ORDINARY,
        },
      },
      {
        extends: true,
        test: {
          // Libraries that other package managers install, once, into `.cache`.
          name: 'stores',
          include: ['test/stores/installed/**/*.test.ts'],
          ...ORDINARY,
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          // Needs no servers, but programs that Go builds and pip installs.
          name: 'deploy',
          include: ['test/deploy/**/*.test.ts'],
          globalSetup: ['test/deploy/support/tools-setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          exclude: ['test/chaos/races/**'],
          globalSetup: ['test/support/global-setup.ts', 'test/chaos/support/chaos-setup.ts'],
          testTimeout: 120_000,
          // Most of their time they wait for timeouts: a worker counts as dead after 10 seconds.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'races',
          include: ['test/chaos/races/**/*.test.ts'],
          globalSetup: ['test/support/global-setup.ts', 'test/chaos/support/chaos-setup.ts'],
          testTimeout: 120_000,
          // One at a time and after all others: they watch how long people have to wait.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/support/e2e-setup.ts'],
          testTimeout: 120_000,
          // A browser, a server and a worker for each file: more would only wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
