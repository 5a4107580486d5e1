/** Ports that another process takes between the choice and the start of a server. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

import { choosePort, LOOPBACK, type PortWish } from '../../scripts/services/ports.ts';

/** Listens on a free port until its disposal, and answers nothing. */
export async function listen(): Promise<AsyncDisposable & { readonly port: number }> {
  const port = await choosePort();
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen({ port, host: LOOPBACK });
  await once(server, 'listening');
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Gives the first so many servers the same port; every later choice is free and avoids what it should. */
export async function samePortAtFirst(servers: number): Promise<PortWish> {
  const port = await choosePort();
  let choices = 0;
  return async (avoid) => {
    choices += 1;
    return choices <= servers ? port : await choosePort(undefined, avoid);
  };
}
