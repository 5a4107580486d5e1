/** A server that counts the connections which commands open to it. */
import { createServer } from 'node:net';

import { test as base } from 'vitest';

/** A listener that closes every connection at once. */
export interface Listener {
  /** `host:port`. */
  readonly address: string;
  readonly connections: () => number;
}

export const test = base.extend('listener', async ({}, { onCleanup }): Promise<Listener> => {
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
