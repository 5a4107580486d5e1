import { isIPv6 } from 'node:net';

import type { ListenAddress } from '../config/value-kinds.ts';

/** The worker cannot listen on an address: another program uses it, or it is not this machine's. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param setting - that names the address */
  constructor(setting: string, address: string, reason: string) {
    super(
      `${setting}: cannot listen on ${address}: ${reason}. Stop the other program, or set another address.`,
    );
  }
}

/** An address as it is set. */
export function listenText({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
