import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, describe, expect, vi } from 'vitest';

import { createAuthority, hasOpenssl, type Certificate } from '../support/certificates.ts';
import { test } from '../support/fixtures.ts';
import { startGrpcProxy, type GrpcProxyOptions } from '../support/grpc-proxy.ts';
import { fillSessions } from '../support/sessions.ts';
import { environmentFor, runCommand, runJson, startCommand } from './command-process.ts';

// A client gives up after five seconds, and each test starts several processes.
vi.setConfig({ testTimeout: 90_000 });

if (!hasOpenssl)
  console.log('Skipped: connections to Temporal by TLS, whose certificates need openssl.');

const KEY = 'a-valid-key';

/** gRPC's UNAUTHENTICATED and PERMISSION_DENIED. */
const [UNAUTHENTICATED, PERMISSION_DENIED] = [16, 7];

describe.skipIf(!hasOpenssl)('a Temporal server that requires TLS', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'certificates-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const authority = createAuthority(folder, 'ours');
  const stranger = createAuthority(folder, 'other');
  const server = authority.issue('server');
  const expired = authority.issue('expired', { hasExpired: true });
  const CA = { TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.cert };
  const withClientCa = { tls: { ...server, clientCa: authority.cert } };

  const refuseOtherKeys = (status: number): Partial<GrpcProxyOptions> => ({
    tls: server,
    refuse: ({ authorization }) => (authorization === `Bearer ${KEY}` ? undefined : status),
  });

  test.for<[string, Partial<GrpcProxyOptions>, NodeJS.ProcessEnv]>([
    ['its authority', { tls: server }, CA],
    ['a client certificate', withClientCa, { ...CA, ...clientOf(authority.issue('client')) }],
    ['an API key', refuseOtherKeys(UNAUTHENTICATED), { ...CA, TEMPORAL_API_KEY: KEY }],
  ])(
    'accepts worker and commands with %s',
    async ([, proxied, settings], { database, temporal }) => {
      await fillSessions(database, { expired: 100, live: 5 });
      await using proxy = await startGrpcProxy({ target: temporal.address, ...proxied });
      const environment = {
        ...environmentFor(database, { ...temporal, address: proxy.address }),
        ...settings,
        // No slot comes while this runs.
        SESSION_CLEANUP_INTERVAL: '365d',
      };
      await using worker = startCommand(['worker'], environment);
      await worker.untilWritten('session_cleanup_worker_started');
      expect(worker.stdout()).toContain('"msg":"session_cleanup_scheduled"');
      expect(await runJson(['run', 'start'], environment)).toMatchObject({
        exitCode: 0,
        result: { kind: 'completed', result: { deletedCount: 100 } },
      });
      expect(worker.stdout() + worker.stderr()).not.toContain(KEY);
    },
  );

  test.for<[string, string, Partial<GrpcProxyOptions>, NodeJS.ProcessEnv]>([
    [
      'another authority',
      'no authority that is trusted here has signed its certificate',
      { tls: server },
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: stranger.cert },
    ],
    [
      'no authority',
      'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of the authority',
      { tls: server },
      { TEMPORAL_TLS: 'true' },
    ],
    ['an expired server certificate', 'its certificate has expired', { tls: expired }, CA],
    [
      'another name',
      'its certificate is for another name',
      { tls: server },
      { ...CA, TEMPORAL_TLS_SERVER_NAME: 'elsewhere' },
    ],
    ['TLS that it does not use', 'it does not use TLS. Set TEMPORAL_TLS=false', {}, CA],
    ['no client certificate', 'it requires a client certificate', withClientCa, CA],
    [
      'a client key that is none',
      'the client certificate or its private key cannot be read',
      withClientCa,
      { ...CA, ...clientOf({ cert: server.cert, key: server.cert }) },
    ],
    [
      'a rejected key',
      'Authentication failed. Check TEMPORAL_API_KEY',
      refuseOtherKeys(UNAUTHENTICATED),
      { ...CA, TEMPORAL_API_KEY: 'hunter2' },
    ],
    [
      'a key without rights',
      'No permission for this namespace',
      refuseOtherKeys(PERMISSION_DENIED),
      { ...CA, TEMPORAL_API_KEY: 'hunter2' },
    ],
  ])(
    'ends worker and commands with %s: %s',
    async ([, text, proxied, settings], { database, temporal }) => {
      await using proxy = await startGrpcProxy({ target: temporal.address, ...proxied });
      const environment = {
        ...environmentFor(database, { ...temporal, address: proxy.address }),
        ...settings,
      };
      const ends = await Promise.all([
        runCommand(['worker'], environment),
        runCommand(['run', 'list'], environment),
      ]);
      for (const { exitCode, stdout, stderr } of ends) {
        expect({ exitCode, stderr }).toEqual({
          exitCode: 1,
          stderr: expect.stringContaining(text) as unknown,
        });
        expect(stdout + stderr).not.toContain('hunter2');
      }
    },
  );

  test.for<[string, string, Partial<GrpcProxyOptions>, NodeJS.ProcessEnv]>([
    ['without TLS', 'If it requires TLS, set TEMPORAL_TLS=true', { tls: server }, {}],
    [
      'with the certificate of a stranger',
      'If it requires a client certificate',
      withClientCa,
      { ...CA, ...clientOf(stranger.issue('client')) },
    ],
    [
      'with an expired client certificate',
      'If it requires a client certificate',
      withClientCa,
      { ...CA, ...clientOf(authority.issue('former', { hasExpired: true })) },
    ],
  ])(
    'that closes connections, %s, is waited for: %s',
    async ([, text, proxied, settings], { database, temporal }) => {
      await using proxy = await startGrpcProxy({ target: temporal.address, ...proxied });
      const environment = {
        ...environmentFor(database, { ...temporal, address: proxy.address }),
        ...settings,
      };
      await using worker = startCommand(['worker'], environment);
      await worker.untilWritten('session_cleanup_temporal_unavailable');
      expect(worker.stdout()).toContain(text);
      const listed = await runCommand(['run', 'list'], environment);
      expect({ ...listed }).toMatchObject({ exitCode: 1, stdout: '' });
      expect(listed.stderr).toContain(text);
    },
  );

  test('ends a worker on a machine without CA certificates, unless they are named', async ({
    database,
    temporal,
  }) => {
    await using proxy = await startGrpcProxy({ target: temporal.address, tls: server });
    const environment = {
      ...environmentFor(database, { ...temporal, address: proxy.address }),
      TEMPORAL_TLS: 'true',
      SSL_CERT_DIR: path.join(folder, 'nowhere'),
    };
    const ended = await runCommand(['worker'], {
      ...environment,
      SSL_CERT_FILE: path.join(folder, 'nowhere'),
    });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain('this machine has no CA certificates');

    for (const named of [CA, { SSL_CERT_FILE: authority.cert }]) {
      await using worker = startCommand(['worker'], { ...environment, ...named });
      await worker.untilWritten('session_cleanup_worker_started');
    }
  });
});

function clientOf({ cert, key }: Certificate): NodeJS.ProcessEnv {
  return { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key };
}
