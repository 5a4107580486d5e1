import { existsSync } from 'node:fs';

import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';

import { BOOLEAN_SPELLINGS, parseBoolean } from '../config/boolean.ts';
import { ConfigError } from '../config/config-error.ts';

/** Where Temporal is, and how to log in. Holds secrets: never print it whole. */
export interface TemporalSettings {
  /** `host:port`, fit for messages. */
  readonly address: string;
  /** Always handed on to clients and workers, which would otherwise use `default`. */
  readonly namespace: string;
  readonly connection: ClientConnectConfig['connectionOptions'];
}

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/** The SDK takes anything but `true` and `1` for false, and would drop TLS for `yes`. */
const TLS = 'TEMPORAL_TLS';
/** Read by the SDK but never applied; its mere presence turns TLS on. */
const SKIP_HOST_VERIFICATION = 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION';
const CONFIG_FILE = 'TEMPORAL_CONFIG_FILE';

/** Of these pairs, one without the other would be ignored without a word. */
const CERTIFICATE = ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_DATA'] as const;
const KEY = ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_DATA'] as const;

/** Variables that hold the path of a file which must exist. */
const FILES = [CONFIG_FILE, CERTIFICATE[0], KEY[0], 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'] as const;

/**
 * Reads Temporal's own variables and configuration file, as its CLI does. Nothing is connected to.
 *
 * @throws ConfigError listing every problem; secrets are not shown.
 */
export function loadTemporalSettings(environment: NodeJS.ProcessEnv): TemporalSettings {
  const given = withoutEmpty(environment);
  const problems = [...checkTls(given), ...checkFiles(given), ...checkAddress(given)];
  if (problems.length > 0) throw new ConfigError(problems);
  const { connectionOptions, namespace } = readWithSdk(given);
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  return {
    address,
    namespace: namespace ?? DEFAULT_NAMESPACE,
    connection: { ...connectionOptions, address },
  };
}

function readWithSdk(given: Readonly<Record<string, string>>): ClientConnectConfig {
  const { [SKIP_HOST_VERIFICATION]: _unsupported, [TLS]: tls, ...rest } = given;
  const wantsTls = tls === undefined ? undefined : parseBoolean(tls);
  const overrideEnvVars = wantsTls === undefined ? rest : { ...rest, [TLS]: String(wantsTls) };
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    // The SDK stumbles over a file that holds no profile at all, such as /dev/null.
    if (error instanceof TypeError && given['TEMPORAL_PROFILE'] === undefined) {
      return loadClientConnectConfig({ overrideEnvVars, disableFile: true });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([
      `Temporal's configuration cannot be read: ${firstLine(reason)}. Correct the file that ` +
        `${CONFIG_FILE} names (default: temporalio/temporal.toml in the user's configuration ` +
        `folder), or TEMPORAL_PROFILE.`,
    ]);
  }
}

/** An empty variable counts as not set; to the SDK an empty TEMPORAL_API_KEY would turn TLS on. */
function withoutEmpty(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value !== '') given[name] = value;
  }
  return given;
}

function checkTls(given: Readonly<Record<string, string>>): readonly string[] {
  const problems: string[] = [];
  const tls = given[TLS];
  if (tls !== undefined && parseBoolean(tls) === undefined) {
    problems.push(
      `${TLS} is ${JSON.stringify(tls)}, which is neither true nor false. ` +
        `Allowed: ${BOOLEAN_SPELLINGS}. Correct it, or unset it.`,
    );
  }
  const unverified = given[SKIP_HOST_VERIFICATION];
  if (unverified !== undefined && parseBoolean(unverified) !== false) {
    problems.push(
      `${SKIP_HOST_VERIFICATION} is ${JSON.stringify(unverified)}, which the SDK does not support: ` +
        `hosts are always verified. Unset it, and name the server's authority by ` +
        `TEMPORAL_TLS_SERVER_CA_CERT_PATH.`,
    );
  }
  const hasCertificate = CERTIFICATE.some((name) => given[name] !== undefined);
  const hasKey = KEY.some((name) => given[name] !== undefined);
  if (hasCertificate !== hasKey) {
    const [present, missing] = hasCertificate ? [CERTIFICATE, KEY] : [KEY, CERTIFICATE];
    problems.push(
      `${present.join(' or ')} is set without its counterpart, and would be ignored. ` +
        `Set ${missing.join(' or ')} too, or unset it.`,
    );
  }
  return problems;
}

function checkFiles(given: Readonly<Record<string, string>>): readonly string[] {
  return FILES.flatMap((name) => {
    const path = given[name];
    return path === undefined || existsSync(path)
      ? []
      : [`${name} is ${JSON.stringify(path)}, which does not exist. Correct it, or unset it.`];
  });
}

function checkAddress(given: Readonly<Record<string, string>>): readonly string[] {
  const address = given['TEMPORAL_ADDRESS'];
  return address === undefined || /^(?:[^\s:/@]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/.test(address)
    ? []
    : [
        `TEMPORAL_ADDRESS is ${JSON.stringify(address)}, which is not an address. ` +
          `Allowed: host:port, without http://. Correct it, or unset it to have ${DEFAULT_ADDRESS}.`,
      ];
}

/** TOML errors quote the offending lines, which may hold a key. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? text).replace(/\.$/, '');
}
