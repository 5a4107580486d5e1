import { describe, expect } from 'vitest';

import { liveServices, test } from '../support/dev-process.ts';

// Each starts servers and a worker, on a machine that may be busy.
describe('npm run dev, when one of its processes is killed', { timeout: 120_000 }, () => {
  test.for([
    [
      /PostgreSQL at 127\.0\.0\.1:\d+ stopped unexpectedly \(signal SIGKILL\)\..* \S+postgres\.log:/,
      0,
    ],
    [
      /Temporal at 127\.0\.0\.1:\d+ stopped unexpectedly \(signal SIGKILL\)\..* \S+temporal\.log:/,
      1,
    ],
    [/The worker stopped unexpectedly \(signal SIGKILL\)\..* \S+worker\.log:/, 2],
  ] as const)(
    'stops everything, and reports address, reason and log: %s',
    async ([message, position], { data, startDev }) => {
      const dev = await startDev({ args: ['--sessions', '10'] });
      await dev.waitFor('Try ');
      const services = liveServices(data);
      expect(services).toHaveLength(3);
      process.kill(services[position] ?? 0, 'SIGKILL');
      expect((await dev.ended()).code).toBe(1);
      expect(dev.output()).toMatch(message);
      expect(dev.output()).not.toMatch(/^ {4}at /m);
      expect(liveServices(data)).toEqual([]);
    },
  );
});
