/** A TCP proxy that cuts connections or makes them hang on request. */
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { choosePort, LOOPBACK } from '../../../scripts/services/ports.ts';

/** A listening port, and faults for its connections. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Resets all current connections. Returns how many. */
  cut(): number;
  /**
   * Stops all traffic on the current connections without closing them, as after a
   * host has vanished. Returns how many.
   */
  silence(): number;
  /** Sends new connections to another port. */
  redirect(port: number): void;
}

/** Starts a proxy on the loopback interface, to `port`. */
export async function startProxy(port: number): Promise<TcpProxy> {
  let target = port;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const upstream = connect(target, LOOPBACK);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const forget = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', forget);
      socket.on('close', forget);
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  const listening = await choosePort();
  server.listen(listening, LOOPBACK);
  await once(server, 'listening');
  const silenced = new Set<Socket>();

  return {
    port: listening,
    cut: () => {
      const { size } = pairs;
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
      return size;
    },
    silence: () => {
      const { size } = pairs;
      for (const pair of pairs) {
        for (const socket of pair) {
          // Closing one side must not close the other.
          socket.removeAllListeners('close');
          socket.unpipe();
          socket.pause();
          silenced.add(socket);
        }
        pairs.delete(pair);
      }
      return size;
    },
    redirect: (other) => {
      target = other;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of [...[...pairs].flat(), ...silenced]) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The same address by way of the proxy. */
export function throughProxy(url: string, proxy: TcpProxy): string {
  const address = new URL(url);
  address.port = String(proxy.port);
  return address.href;
}
