import { describe, expect } from 'vitest';

import { liveServices, test } from '../support/dev-process.ts';

// Each starts servers and a worker, on a machine that may be busy.
describe('npm run dev, when a part of it dies', { timeout: 120_000 }, () => {
  test.for([
    ['PostgreSQL', 0],
    ['Temporal', 1],
    ['The worker', 2],
  ] as const)(
    'ends all the rest, and says why: %s',
    async ([name, position], { data, startDev }) => {
      const dev = await startDev({ args: ['--sessions', '10'] });
      await dev.says('Try ');
      const services = liveServices(data);
      expect(services).toHaveLength(3);
      process.kill(services[position] ?? 0, 'SIGKILL');
      expect((await dev.ended()).code).toBe(1);
      expect(dev.output()).toContain(`${name} stopped unexpectedly`);
      expect(liveServices(data)).toEqual([]);
    },
  );
});
