import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import path from 'node:path';

import { describe, expect } from 'vitest';

import { toApplicationFailure } from '../../src/failures/translate.ts';
import { createOrm } from '../../src/database/orm.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import { test as withFolder } from '../support/temporary-folder.ts';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
if (!hasOpenssl) console.log('Skipped: encrypted connections, whose certificate needs openssl.');

/** Makes the certificate in PostgreSQL's own folder, under the names that it looks for. */
function makeCertificate(folder: string): string {
  const certificate = path.join(folder, 'server.crt');
  const key = path.join(folder, 'server.key');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      ...subject,
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    { stdio: 'ignore' },
  );
  const { uid, gid } = statSync(folder);
  for (const file of [certificate, key]) chownSync(file, uid, gid);
  chmodSync(key, 0o600);
  return certificate;
}

const test = withFolder
  /** A server with a certificate that is self-signed. */
  .extend('server', async ({ folder }, { onCleanup }) => {
    const own = await startOwnPostgres(folder, {});
    onCleanup(() => own[Symbol.asyncDispose]());
    const certificate = makeCertificate(path.join(own.server.dataDirectory, 'data'));
    const connection = await own.database.connect();
    await connection.query('alter system set ssl = on');
    await connection.query('select pg_reload_conf()');
    await expect
      .poll(async () => (await connection.query('show ssl')).rows)
      .toEqual([{ ssl: 'on' }]);
    // A certificate is for a name; the driver compares none with an address in numbers.
    const url = own.database.url.replace('127.0.0.1', 'localhost');
    return { url, certificate };
  });

/** Whether a connection to that address is encrypted; or why there is none. */
async function encryptionOf(url: string): Promise<boolean | string> {
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, [TEST_TARGET]);
  try {
    const [row] = await orm.em
      .fork()
      .execute<{ ssl: boolean }[]>('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    return row?.ssl === true;
  } catch (error) {
    return toApplicationFailure(error, TEST_TARGET, { target: '' }).message;
  } finally {
    await orm.close(true);
  }
}

describe.skipIf(!hasOpenssl)('the connection to the database', () => {
  test('follows sslmode and checks the certificate', async ({ server: { url, certificate } }) => {
    const authority = `sslrootcert=${encodeURIComponent(certificate)}`;
    expect(await encryptionOf(url)).toBe(false);
    expect(await encryptionOf(`${url}?sslmode=disable`)).toBe(false);
    expect(await encryptionOf(`${url}?sslmode=no-verify`)).toBe(true);
    expect(await encryptionOf(`${url}?ssl=no-verify`)).toBe(true);
    expect(await encryptionOf(`${url}?ssl=true`)).toContain('no encrypted connection');
    expect(await encryptionOf(`${url}?ssl=true&${authority}`)).toBe(true);
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await encryptionOf(`${url}?sslmode=${mode}`)).toContain('no encrypted connection');
      expect(await encryptionOf(`${url}?sslmode=${mode}&${authority}`)).toBe(true);
    }
    expect(await encryptionOf(`${url}?sslmode=verify-full&sslrootcert=/nowhere`)).toContain(
      'no encrypted connection',
    );
  });
});
