/** Choosing ports on the loopback interface. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { CommandFailure } from '../../src/cli/errors.ts';

/** The only address that servers listen on here. */
export const LOOPBACK = '127.0.0.1';

/**
 * The range of chosen ports: below those from which Linux (32768) and macOS (49152) number outgoing
 * connections, one of which could take the port of a server that is being restarted.
 */
const FIRST_PORT = 16_000;
const LAST_PORT = 31_999;

/**
 * A fixed port, or a function that chooses a free one. It is called only after a leftover server has
 * been stopped, so that its port is free again.
 * @param avoid - ports that are in use, or chosen for another server that does not listen yet
 */
export type PortWish = number | ((avoid: readonly number[]) => Promise<number>);

export const anyPort: PortWish = async (avoid) => await choosePort(undefined, avoid);

/** True when a server could listen on this port of the loopback interface now. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

export async function choosePort(
  preferred?: number,
  avoid: readonly number[] = [],
): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isFirst = attempt === 0 && preferred !== undefined;
    const port = isFirst ? preferred : randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!avoid.includes(port) && (await isPortFree(port))) return port;
  }
  throw new CommandFailure(
    `Ports of ${LOOPBACK}: none was found free between ${String(FIRST_PORT)} and ${String(LAST_PORT)}. ` +
      'Stop other programs that listen there.',
  );
}
