/** Choosing ports on the loopback interface. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { CommandFailure } from '../../src/cli/errors.ts';

/** The only address our servers listen on. */
export const LOOPBACK = '127.0.0.1';

/**
 * Where a port is looked for when the preferred one is taken: below the ranges from which Linux
 * (32768) and macOS (49152) number outgoing connections. A port out of those could be taken by a
 * passing connection at the very moment a server is restarted on it.
 */
const FIRST_PORT = 16_000;
const LAST_PORT = 31_999;

/**
 * A port, or what finds one. That is asked only when the server that a killed run left behind is gone, so
 * that its own port is free again.
 */
export type PortWish = number | ((avoid: readonly number[]) => Promise<number>);

/** Any free port. */
export const anyPort: PortWish = async (avoid) => await choosePort(undefined, avoid);

/**
 * The port that is wished for.
 * @param avoid - Ports already promised to another service that does not listen yet.
 */
export async function resolvePort(wish: PortWish, avoid: readonly number[] = []): Promise<number> {
  return typeof wish === 'number' ? wish : await wish(avoid);
}

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

/**
 * Finds a free port: the preferred one, else any other.
 * @param preferred - Tried first; left out when any port will do.
 * @param avoid - Ports already promised to another service that does not listen yet.
 */
export async function choosePort(
  preferred?: number,
  avoid: readonly number[] = [],
): Promise<number> {
  if (preferred !== undefined && !avoid.includes(preferred) && (await isPortFree(preferred))) {
    return preferred;
  }
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!avoid.includes(port) && (await isPortFree(port))) return port;
  }
  throw new CommandFailure(
    `No free port found on ${LOOPBACK} between ${String(FIRST_PORT)} and ${String(LAST_PORT)}.`,
  );
}
