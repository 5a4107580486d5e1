/** Why a connection to Temporal fails. The SDK's own errors do not say, so the socket is asked. */
import { isIP, connect as connectPlainly, type Socket } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';

import type { TemporalSettings } from './connection-settings.ts';

/** What became of a connection; `text` says what is wrong, as a predicate of the server, and the remedy. */
export type ConnectionAttempt =
  | { readonly kind: 'answered' }
  /** Nobody listens or answers. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'closed'; readonly text: string }
  /** Only a change of a setting or a certificate helps. */
  | { readonly kind: 'refused'; readonly text: string };

/** By the code of Node's error; the first that matches. */
const PROBLEMS: readonly (readonly [code: RegExp, text: string])[] = [
  [
    /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED)/,
    'no authority that is trusted here has signed its certificate. Set ' +
      'TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of the authority that has.',
  ],
  [
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    'its certificate has expired, or is not valid yet. Renew it, or correct the clock of this machine.',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'its certificate is for another name. Set TEMPORAL_ADDRESS or TEMPORAL_TLS_SERVER_NAME to a name ' +
      'in the certificate.',
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/,
    'it does not use TLS. Set TEMPORAL_TLS=false, or TEMPORAL_ADDRESS to a server that does.',
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED$/,
    'it requires a client certificate. Set TEMPORAL_TLS_CLIENT_CERT_PATH and ' +
      'TEMPORAL_TLS_CLIENT_KEY_PATH.',
  ],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)$/,
    'it rejects the client certificate. Set TEMPORAL_TLS_CLIENT_CERT_PATH to one that is valid and that ' +
      'an authority known to the server has signed.',
  ],
  [
    /^ERR_(?:OSSL|CRYPTO)_/,
    'the client certificate or its private key cannot be read. Correct the files that ' +
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH name.',
  ],
];

const CLOSED_PLAIN = 'it closes the connection. If it requires TLS, set TEMPORAL_TLS=true.';

const CLOSED_ENCRYPTED =
  'it closes the connection. If it requires a client certificate, set ' +
  'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to a valid one.';

const UNANSWERED: ConnectionAttempt = { kind: 'unanswered' };

/** Time for an answer. Milliseconds. */
const ANSWER_WITHIN = 2_000;

/** What an HTTP/2 client sends first, which makes the server answer or refuse: preface and empty settings. */
const GREETING = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');

/** Connects once more, by the same settings, to find out what goes wrong. @throws what is no such problem */
export async function tryConnection(settings: TemporalSettings): Promise<ConnectionAttempt> {
  const { promise, resolve } = Promise.withResolvers<ConnectionAttempt>();
  const timeout = setTimeout(resolve, ANSWER_WITHIN, UNANSWERED);
  let socket: Socket | undefined;
  try {
    let isConnected = false;
    socket = open(settings, () => {
      isConnected = true;
      socket?.write(GREETING);
    });
    socket.once('data', () => {
      resolve({ kind: 'answered' });
    });
    socket.once('error', (error) => {
      const text = problemOf(error);
      if (text !== undefined) resolve({ kind: 'refused', text });
    });
    // Follows every error.
    socket.once('close', () => {
      const text = usesTls(settings) ? CLOSED_ENCRYPTED : CLOSED_PLAIN;
      resolve(isConnected ? { kind: 'closed', text } : UNANSWERED);
    });
    return await promise;
  } catch (error) {
    // A certificate that cannot be read fails at once.
    const text = problemOf(error);
    if (text === undefined) throw error;
    return { kind: 'refused', text };
  } finally {
    clearTimeout(timeout);
    socket?.destroy();
  }
}

function usesTls({ connection: { tls, apiKey } }: TemporalSettings): boolean {
  return tls === undefined ? apiKey !== undefined : tls !== null && tls !== false;
}

const ADDRESS = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d+))?$/;

function open(settings: TemporalSettings, onConnected: () => void): Socket {
  const { ipv6, name, port = '7233' } = ADDRESS.exec(settings.address)?.groups ?? {};
  const where = { host: ipv6 ?? name ?? settings.address, port: Number(port) };
  if (!usesTls(settings)) return connectPlainly(where, onConnected);
  const { tls } = settings.connection;
  const options = typeof tls === 'object' && tls !== null ? tls : {};
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = options;
  return connectEncrypted(
    {
      ...where,
      ALPNProtocols: ['h2'],
      // The name that is checked may be an address, which TLS does not send.
      ...(serverNameOverride == null || isIP(serverNameOverride) !== 0
        ? {}
        : { servername: serverNameOverride }),
      ...(serverRootCACertificate == null ? {} : { ca: Buffer.from(serverRootCACertificate) }),
      ...(clientCertPair == null
        ? {}
        : { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
    },
    onConnected,
  );
}

function problemOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return PROBLEMS.find(([pattern]) => pattern.test(code))?.[1];
}
