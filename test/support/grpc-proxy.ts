/** A gRPC proxy in front of the run's Temporal server, which demands encryption or refuses requests. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type ClientHttp2Stream,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';
import type { Certificate } from './certificates.ts';

/** A request, as the proxy sees it. */
export interface GrpcCall {
  /** Such as `RecordWorkerHeartbeat`. */
  readonly method: string;
  readonly authorization: string | undefined;
}

export interface GrpcProxyOptions {
  /** `host:port` of the server behind it. */
  readonly target: string;
  /** Encrypted connections only; with `clientCa`, only those with a certificate of this authority. */
  readonly tls?: Certificate & { readonly clientCa?: string };
  /** The gRPC status by which a request is refused; undefined: it is passed on. */
  readonly refuse?: (call: GrpcCall) => number | undefined;
}

export interface GrpcProxy extends AsyncDisposable {
  readonly address: string;
  /** Methods that were refused so far. */
  readonly refused: ReadonlySet<string>;
}

export async function startGrpcProxy(options: GrpcProxyOptions): Promise<GrpcProxy> {
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer()
      : createSecureServer({
          key: readFileSync(tls.key),
          cert: readFileSync(tls.cert),
          ...(tls.clientCa === undefined
            ? {}
            : { ca: readFileSync(tls.clientCa), requestCert: true, rejectUnauthorized: true }),
        });
  const onward = connect(`http://${options.target}`);
  onward.on('error', () => undefined);
  const sessions = new Set<Http2Session>([onward]);
  const refused = new Set<string>();
  server.on('session', (session) => sessions.add(session));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const method = headers[':path']?.split('/').at(-1) ?? '';
    const status = options.refuse?.({ method, authorization: headers.authorization });
    if (status === undefined) {
      passOn(stream, onward.request(forwardable(headers)));
    } else {
      refused.add(method);
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
        { endStream: true },
      );
    }
  });
  const port = await choosePort();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  return {
    address: `${LOOPBACK}:${port}`,
    refused,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function forwardable({ host: _host, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return { ...headers, ':scheme': 'http' };
}

function passOn(stream: ServerHttp2Stream, onward: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  onward.on('error', () => undefined);
  onward.on('response', (headers, flags) => {
    // A response without a body carries its status in the headers.
    const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    if (stream.destroyed) return;
    stream.respond(headers, isWhole ? { endStream: true } : { waitForTrailers: true });
  });
  onward.on('trailers', (headers) => {
    trailers = headers;
  });
  stream.on('wantTrailers', () => {
    stream.sendTrailers(trailers);
  });
  stream.on('close', () => {
    onward.close(constants.NGHTTP2_CANCEL);
  });
  stream.pipe(onward).pipe(stream);
}
