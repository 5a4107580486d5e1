import type { Payload, PayloadCodec } from '@temporalio/common';

/** Where payloads are encoded and decoded. Contains a secret: never print it whole. */
export interface CodecServer {
  readonly endpoint: string;
  /** Value of the header `Authorization`. */
  readonly auth: string | undefined;
}

/** A codec server did not do what it was asked for. */
export class CodecServerError extends Error {
  override readonly name = 'CodecServerError';
}

const ANSWER_WITHIN = 10_000;

/**
 * The codec of a server, as the Temporal CLI uses it.
 *
 * @see https://docs.temporal.io/codec-server
 */
export function remoteCodec({ endpoint, auth }: CodecServer, namespace: string): PayloadCodec {
  const ask = async (action: 'encode' | 'decode', payloads: Payload[]): Promise<Payload[]> => {
    const base = endpoint.replaceAll('{namespace}', encodeURIComponent(namespace));
    const refuse = (problem: string): CodecServerError =>
      new CodecServerError(
        `Codec server at ${endpoint}: ${problem}. Correct TEMPORAL_CODEC_ENDPOINT or TEMPORAL_CODEC_AUTH.`,
      );
    const response = await fetch(`${base.replace(/\/$/, '')}/${action}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Namespace': namespace,
        ...(auth === undefined ? {} : { Authorization: auth }),
      },
      body: JSON.stringify({ payloads: payloads.map(toJson) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    }).catch((error: unknown) => {
      throw refuse(`cannot be reached (${error instanceof Error ? error.name : 'unknown error'})`);
    });
    if (!response.ok) throw refuse(`answers with HTTP status ${response.status}`);
    const answer: unknown = await response.json().catch(() => undefined);
    if (!isAnswer(answer)) throw refuse('gives no payloads');
    return answer.payloads.map(fromJson);
  };
  return {
    encode: async (payloads) => await ask('encode', payloads),
    decode: async (payloads) => await ask('decode', payloads),
  };
}

/** A payload in protobuf's JSON: bytes are base64. */
interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const entries = Object.entries(metadata ?? {});
  return {
    metadata: Object.fromEntries(entries.map(([key, value]) => [key, base64(value)])),
    data: base64(data ?? new Uint8Array()),
  };
}

function fromJson({ metadata = {}, data = '' }: JsonPayload): Payload {
  const entries = Object.entries(metadata);
  return {
    metadata: Object.fromEntries(
      entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function isAnswer(answer: unknown): answer is { readonly payloads: readonly JsonPayload[] } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'payloads' in answer &&
    Array.isArray(answer.payloads)
  );
}
