import { once } from 'node:events';
import { createServer } from 'node:net';

import { describe, expect, test } from 'vitest';

import { choosePort, isPortFree, LOOPBACK } from '../../scripts/services/ports.ts';

describe('choosing a port', () => {
  test('returns the preferred one when it is free', async () => {
    const free = await choosePort();
    expect(await choosePort(free)).toBe(free);
  });

  test.for([LOOPBACK, '0.0.0.0'])(
    'returns another one when a process listens on %s',
    async (address) => {
      const port = await choosePort();
      const server = createServer().listen(port, address);
      await once(server, 'listening');
      try {
        expect(await isPortFree(port)).toBe(false);
        expect(await choosePort(port)).not.toBe(port);
      } finally {
        server.close();
      }
    },
  );

  test('avoids ports that were chosen before', async () => {
    const free = await choosePort();
    expect(await choosePort(free, [free])).not.toBe(free);
  });
});
