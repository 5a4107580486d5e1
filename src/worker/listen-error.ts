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
