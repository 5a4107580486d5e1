import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Never `threads` or `vmThreads`: the Temporal SDK's native core is one for each process, and ends
    // the whole run with a segmentation fault when several threads load it.
    pool: 'forks',
    // Tests wait for servers more than they compute, so three files keep two cores busy.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
  },
});
