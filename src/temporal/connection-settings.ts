import { existsSync } from 'node:fs';

import {
  fromTomlProfile,
  toClientOptions,
  type ClientConnectConfig,
  type LoadClientProfileOptions,
} from '@temporalio/envconfig';
// The package's own functions leave the codec server out.
import { tomlLoadClientConfigProfile } from '@temporalio/envconfig/lib/envconfig-toml.js';

import { ConfigError } from '../config/config.ts';
import { CONTROLLER_VERSION } from '../config/settings.ts';
import { BOOLEAN } from '../config/value-kinds.ts';
import type { CodecServer } from './remote-codec.ts';

/** Where Temporal is and how to log in. Contains secrets: never print it whole. */
export interface TemporalSettings {
  /** `host:port`, fit for messages. */
  readonly address: string;
  /** Always passed to clients and workers, which would otherwise use `default`. */
  readonly namespace: string;
  readonly connection: ClientConnectConfig['connectionOptions'];
  /** The server that decodes payloads for commands; undefined: they are not encoded. */
  readonly codec: CodecServer | undefined;
}

/** Temporal's own variables, for `--help` and the docs. */
export const TEMPORAL_VARIABLES: readonly { readonly name: string; readonly meaning: string }[] = [
  { name: 'TEMPORAL_ADDRESS', meaning: 'host:port of the server; default localhost:7233' },
  { name: 'TEMPORAL_NAMESPACE', meaning: 'Namespace; default "default"' },
  { name: 'TEMPORAL_API_KEY', meaning: 'API key; turns TLS on' },
  { name: 'TEMPORAL_TLS', meaning: 'true or false; true with an API key or a certificate' },
  { name: 'TEMPORAL_TLS_CLIENT_CERT_PATH', meaning: 'Client certificate, PEM (or …_CERT_DATA)' },
  { name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', meaning: 'Its private key, PEM (or …_KEY_DATA)' },
  { name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', meaning: "Server's CA, PEM (or …_CERT_DATA)" },
  { name: 'TEMPORAL_TLS_SERVER_NAME', meaning: 'Expected name in the server certificate' },
  ...Object.values(CONTROLLER_VERSION).map(({ name, meaning }) => ({ name, meaning })),
  { name: 'TEMPORAL_CODEC_ENDPOINT', meaning: 'Codec server of encoded payloads, for commands' },
  { name: 'TEMPORAL_CODEC_AUTH', meaning: 'Its Authorization header' },
  { name: 'TEMPORAL_PROFILE', meaning: 'Profile of the configuration file' },
  { name: 'TEMPORAL_CONFIG_FILE', meaning: 'Path of that file, which the Temporal CLI reads, too' },
];

const DEFAULT_ADDRESS = 'localhost:7233';

const CODEC_ENDPOINT = 'TEMPORAL_CODEC_ENDPOINT';

/** The SDK takes anything but `true` and `1` for false, and would drop TLS for `yes`. */
const TLS = 'TEMPORAL_TLS';
/** The SDK reads it but never applies it; its mere presence turns TLS on. */
const SKIP_HOST_VERIFICATION = 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION';
const CONFIG_FILE = 'TEMPORAL_CONFIG_FILE';

/** Of these pairs, the SDK ignores one without the other silently. */
const CERTIFICATE = ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_CERT_DATA'] as const;
const KEY = ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_CLIENT_KEY_DATA'] as const;

/** Variables that name a file which must exist. */
const FILES = [CONFIG_FILE, CERTIFICATE[0], KEY[0], 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'] as const;

/** Variables that are set; to the SDK an empty TEMPORAL_API_KEY would turn TLS on. */
type Given = Readonly<Record<string, string>>;

/**
 * Reads Temporal's own variables and configuration file, as its CLI does. Opens no connection.
 *
 * @throws ConfigError with all problems; secrets are not shown
 */
export function loadTemporalSettings(environment: NodeJS.ProcessEnv): TemporalSettings {
  const given = withoutEmpty(environment);
  const problems = [...tlsProblems(given), ...fileProblems(given), ...addressProblems(given)];
  if (problems.length > 0) throw new ConfigError(problems);
  const { connectionOptions, namespace = 'default', codec } = readWithSdk(given);
  const address = connectionOptions.address ?? DEFAULT_ADDRESS;
  return { address, namespace, connection: { ...connectionOptions, address }, codec };
}

type ReadSettings = ClientConnectConfig & Pick<TemporalSettings, 'codec'>;

function readWithSdk(given: Given): ReadSettings {
  const { [SKIP_HOST_VERIFICATION]: _unsupported, [TLS]: tls, ...rest } = given;
  const overrideEnvVars = tls === undefined ? rest : { ...rest, [TLS]: String(readBoolean(tls)) };
  try {
    return readProfile({ overrideEnvVars });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // The SDK fails on a file without any profile, such as /dev/null.
    if (error instanceof TypeError && given['TEMPORAL_PROFILE'] === undefined) {
      return readProfile({ overrideEnvVars, disableFile: true });
    }
    // TOML errors quote the offending lines, which may contain a key: only the first line is shown.
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new ConfigError([
      `Temporal's configuration: cannot be read: ${reason.replace(/\.$/, '')}. Correct the file that ` +
        `${CONFIG_FILE} names (default: temporalio/temporal.toml in the user's configuration ` +
        `folder), or TEMPORAL_PROFILE.`,
    ]);
  }
}

function readProfile(options: LoadClientProfileOptions): ReadSettings {
  const profile = tomlLoadClientConfigProfile(options);
  return { ...toClientOptions(fromTomlProfile(profile)), codec: readCodec(profile.codec) };
}

/** Its address may hold the placeholder `{namespace}`. */
function readCodec({ endpoint = '', auth }: Partial<CodecServer> = {}): CodecServer | undefined {
  if (endpoint === '') return undefined;
  if (/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) return { endpoint, auth };
  throw new ConfigError([
    `${CODEC_ENDPOINT}, or codec.endpoint of the profile: ${JSON.stringify(endpoint)} is invalid. ` +
      'Allowed: a URL with http:// or https://. Correct it, or unset it.',
  ]);
}

function withoutEmpty(environment: NodeJS.ProcessEnv): Given {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
}

function readBoolean(text: string): boolean | undefined {
  return BOOLEAN.schema.safeParse(text).data;
}

function tlsProblems(given: Given): readonly string[] {
  const problems: string[] = [];
  const tls = given[TLS];
  if (tls !== undefined && readBoolean(tls) === undefined) {
    problems.push(
      `${TLS}: ${JSON.stringify(tls)} is invalid. Allowed: ${BOOLEAN.allowed}. Correct it, or unset it.`,
    );
  }
  const unverified = given[SKIP_HOST_VERIFICATION];
  if (unverified !== undefined && readBoolean(unverified) !== false) {
    problems.push(
      `${SKIP_HOST_VERIFICATION}: ${JSON.stringify(unverified)} is not supported by the SDK, which ` +
        `always verifies hosts. Unset it, and name the server's CA in TEMPORAL_TLS_SERVER_CA_CERT_PATH.`,
    );
  }
  const [hasCertificate, hasKey] = [CERTIFICATE, KEY].map((names) =>
    names.some((name) => given[name] !== undefined),
  );
  if (hasCertificate !== hasKey) {
    const [present, missing] = hasCertificate === true ? [CERTIFICATE, KEY] : [KEY, CERTIFICATE];
    problems.push(
      `${present.join(' or ')}: set without its counterpart, and would be ignored. ` +
        `Set ${missing.join(' or ')} too, or unset it.`,
    );
  }
  return problems;
}

function fileProblems(given: Given): readonly string[] {
  return FILES.flatMap((name) => {
    const path = given[name];
    return path === undefined || existsSync(path)
      ? []
      : [`${name}: ${JSON.stringify(path)} does not exist. Correct it, or unset it.`];
  });
}

function addressProblems(given: Given): readonly string[] {
  const address = given['TEMPORAL_ADDRESS'];
  return address === undefined || /^(?:[^\s:/@]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/.test(address)
    ? []
    : [
        `TEMPORAL_ADDRESS: ${JSON.stringify(address)} is invalid. Allowed: host:port, without ` +
          `http://. Correct it, or unset it for the default, ${DEFAULT_ADDRESS}.`,
      ];
}
