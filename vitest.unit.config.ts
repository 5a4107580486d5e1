import { defineConfig } from 'vitest/config';

/** `npm run test:unit`: the tests of pure code, without the servers that the others need. */
export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    pool: 'forks',
    silent: 'passed-only',
    testTimeout: 30_000,
    slowTestThreshold: 60_000,
  },
});
