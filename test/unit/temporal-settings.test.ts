import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { describe, expect } from 'vitest';

import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { problemsOf } from '../support/config-problems.ts';
import { test } from '../support/temporary-folder.ts';

/** Nobody's own profile takes part in these tests. */
const NO_FILE = { TEMPORAL_CONFIG_FILE: os.devNull };

describe('without any variable', () => {
  test('the local server and the namespace default are used', ({ folder }) => {
    expect(loadTemporalSettings({ HOME: folder })).toEqual({
      address: 'localhost:7233',
      namespace: 'default',
      connection: { address: 'localhost:7233' },
    });
  });

  test('an empty configuration file is no error', () => {
    expect(loadTemporalSettings(NO_FILE).address).toBe('localhost:7233');
  });
});

describe('TLS', () => {
  test.for([
    ['yes', {}],
    ['1', {}],
    ['TRUE', {}],
    ['no', false],
    ['false', false],
    ['off', false],
    ['', undefined],
  ] as const)('TEMPORAL_TLS=%s means what it says', ([spelling, tls]) => {
    const { connection } = loadTemporalSettings({ ...NO_FILE, TEMPORAL_TLS: spelling });
    expect(connection.tls).toEqual(tls);
  });

  test('is not turned on by an empty API key, but by a real one', () => {
    expect(
      loadTemporalSettings({ ...NO_FILE, TEMPORAL_API_KEY: '' }).connection.tls,
    ).toBeUndefined();
    expect(loadTemporalSettings({ ...NO_FILE, TEMPORAL_API_KEY: 'key' }).connection).toMatchObject({
      apiKey: 'key',
      tls: true,
    });
  });

  test('is not turned on when host verification is not disabled', () => {
    expect(
      loadTemporalSettings({ ...NO_FILE, TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'false' })
        .connection.tls,
    ).toBeUndefined();
  });
});

describe('the configuration file', () => {
  test('gives address and namespace of a profile, and variables take precedence', ({ folder }) => {
    const file = path.join(folder, 'temporal.toml');
    writeFileSync(file, '[profile.staging]\naddress = "stage:7233"\nnamespace = "shop"\n');
    const profile = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' };
    expect(loadTemporalSettings(profile)).toMatchObject({
      address: 'stage:7233',
      namespace: 'shop',
    });
    expect(loadTemporalSettings({ ...profile, TEMPORAL_NAMESPACE: 'other' }).namespace).toBe(
      'other',
    );
  });

  test('gives the codec server, as `temporal config set` writes it, and variables take precedence', ({
    folder,
  }) => {
    const file = path.join(folder, 'temporal.toml');
    writeFileSync(
      file,
      '[profile]\n[profile.eu]\n[profile.eu.codec]\nauth = "Bearer x"\nendpoint = "http://codec/{namespace}"\n',
    );
    const profile = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'eu' };
    expect(loadTemporalSettings(profile).codec).toEqual({
      endpoint: 'http://codec/{namespace}',
      auth: 'Bearer x',
    });
    expect(
      loadTemporalSettings({ ...profile, TEMPORAL_CODEC_ENDPOINT: 'https://other' }).codec,
    ).toEqual({ endpoint: 'https://other', auth: 'Bearer x' });
    writeFileSync(file, '[profile.eu.codec]\nendpoint = "codec:1"\n');
    expect(problemOf(profile)).toMatch(/^TEMPORAL_CODEC_ENDPOINT, or codec.endpoint .*"codec:1"/);
  });

  test('is refused when it is broken or lacks the profile', ({ folder }) => {
    const file = path.join(folder, 'temporal.toml');
    writeFileSync(file, '[profile.default]\napi_key = "hunter2" oops\n');
    const problem = problemOf({ TEMPORAL_CONFIG_FILE: file });
    expect(problem).toMatch(/^Temporal's configuration: cannot be read/);
    expect(problem).not.toContain('hunter2');
    expect(problemOf({ ...NO_FILE, TEMPORAL_PROFILE: 'staging' })).toMatch(
      /^Temporal's configuration: cannot be read/,
    );
  });
});

describe('problems', () => {
  test.for([
    [{ TEMPORAL_TLS: 'maybe' }, /^TEMPORAL_TLS: "maybe"/],
    [{ TEMPORAL_ADDRESS: 'http://localhost:7233' }, /^TEMPORAL_ADDRESS: .*without http/],
    [{ TEMPORAL_ADDRESS: 'a b:1' }, /^TEMPORAL_ADDRESS: /],
    [{ TEMPORAL_ADDRESS: 'user@host:1' }, /^TEMPORAL_ADDRESS: /],
    [{ TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' }, /^TEMPORAL_CONFIG_FILE: .*not exist/],
    [{ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere' }, /^TEMPORAL_TLS_SERVER_CA_CERT_PATH: /],
    [{ TEMPORAL_TLS_CLIENT_CERT_DATA: 'x' }, /without its counterpart/],
    [{ TEMPORAL_TLS_CLIENT_KEY_DATA: 'hunter2' }, /without its counterpart/],
    [{ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }, /is not supported/],
    [
      { TEMPORAL_CODEC_ENDPOINT: 'codec', TEMPORAL_CODEC_AUTH: 'hunter2' },
      /^TEMPORAL_CODEC_ENDPOINT/,
    ],
  ] as const)('%j', ([environment, problem]) => {
    expect(problemOf({ ...NO_FILE, ...environment })).toMatch(problem);
    expect(problemOf({ ...NO_FILE, ...environment })).not.toContain('hunter2');
  });

  test.for(['[::1]:7233', '127.0.0.1:7233', 'temporal', 'a-b.example.com:443'])(
    '%s is an address',
    (address) => {
      expect(loadTemporalSettings({ ...NO_FILE, TEMPORAL_ADDRESS: address }).address).toBe(address);
    },
  );
});

function problemOf(environment: NodeJS.ProcessEnv): string {
  return problemsOf(() => loadTemporalSettings(environment)).join('\n');
}
