/** A TCP proxy between a worker and its database or server, which a test can open and freeze. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';

/** Forwards connections while it is open. */
export interface Forwarder extends AsyncDisposable {
  /** The target's address, through the forwarder. */
  readonly url: string;
  /** Before, connections are refused, as when the database is down. */
  readonly open: () => Promise<void>;
  /** Afterwards no data pass, while the connections stay open. */
  readonly freeze: () => void;
}

/** Makes a forwarder to the server that `url` names; closed at first. */
export async function createForwarder(url: string): Promise<Forwarder> {
  const target = new URL(url);
  const port = await choosePort();
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((socket) => {
    const onward = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!isFrozen) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const forwarded = new URL(url);
  forwarded.host = `${LOOPBACK}:${port}`;
  return {
    url: forwarded.href,
    open: async () => {
      server.listen(port, LOOPBACK);
      await once(server, 'listening');
    },
    freeze: () => {
      isFrozen = true;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
