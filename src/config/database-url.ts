import { didYouMean } from './did-you-mean.ts';

/** Values of `sslmode`; `no-verify` encrypts without checking the certificate. */
const SSL_MODES: readonly string[] = [
  'disable',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
];

/** The `sslmode` for each value of `ssl`, as the driver reads it: hosted databases put it into their addresses. */
const SSL_VALUES: ReadonlyMap<string, string> = new Map([
  ['true', 'verify-full'],
  ['1', 'verify-full'],
  ['no-verify', 'no-verify'],
]);

/** Parameters that reach the driver. */
const DRIVER_PARAMETERS: readonly string[] = [
  ...['host', 'port', 'options'],
  ...['sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation', 'uselibpqcompat'],
];

/** Prisma's: the schema of tables whose name has none. */
const SCHEMA_PARAMETER = 'schema';

/** Parameters of other clients and of pools that do not say where the data are: accepted and ignored. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['application_name', 'fallback_application_name', 'channel_binding', 'connect_timeout'],
  ...['connection_limit', 'max_idle_connection_lifetime', 'pgbouncer', 'pool_timeout'],
  ...['single_use_connections', 'socket_timeout', 'statement_cache_size'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count'],
];

const PARAMETERS: readonly string[] = [
  ...DRIVER_PARAMETERS,
  SCHEMA_PARAMETER,
  'ssl',
  ...WITHOUT_EFFECT,
];

const PROTOCOLS: readonly string[] = ['postgres:', 'postgresql:'];

/** What is wrong with the address, as a predicate; undefined when it is usable. Connects to nothing. */
export function databaseUrlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return 'is not a URL (percent-encode @ : / ? # in user and password)';
  if (!PROTOCOLS.includes(url.protocol)) {
    return `begins with ${url.protocol}//, not with postgres:// or postgresql://`;
  }
  if (url.hostname === '' && !url.searchParams.has('host')) return 'names no host';
  if (url.pathname.length < 2) return 'names no database';
  return parameterProblem(url.searchParams);
}

/**
 * The address with `***` for its password and for the value of every query parameter, fit for a message.
 * A text that is no URL is not shown at all: its password could be anywhere.
 */
export function maskDatabaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !PROTOCOLS.includes(url.protocol)) return '(not shown)';
  if (url.password !== '') url.password = '***';
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, '***');
  return url.href;
}

/** The schema that the address gives for tables without one; undefined: the `search_path` decides. */
export function schemaInUrl(text: string): string | undefined {
  return URL.parse(text)?.searchParams.get(SCHEMA_PARAMETER) ?? undefined;
}

/**
 * The address for the driver, with only the parameters that it supports: it would take any other for an
 * option of its own. `require` and `verify-ca` become `verify-full`: the driver treats them so anyway,
 * but warns on every start.
 */
export function driverUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null) return text;
  const ssl = SSL_VALUES.get(url.searchParams.get('ssl') ?? '');
  if (ssl !== undefined && !url.searchParams.has('sslmode')) url.searchParams.set('sslmode', ssl);
  for (const name of [...url.searchParams.keys()]) {
    if (!DRIVER_PARAMETERS.includes(name)) url.searchParams.delete(name);
  }
  const mode = url.searchParams.get('sslmode');
  const isSafer = mode === 'require' || mode === 'verify-ca';
  if (isSafer && url.searchParams.get('uselibpqcompat') !== 'true') {
    url.searchParams.set('sslmode', 'verify-full');
  }
  return url.href;
}

/** An unknown parameter may say where the data are, so none is ignored. */
function parameterProblem(parameters: URLSearchParams): string | undefined {
  const names = [...parameters.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return `has the parameter ${repeated} more than once`;
  const unknown = names.find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    const meant = didYouMean(unknown, PARAMETERS);
    const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
    return `has the unsupported parameter ${JSON.stringify(unknown)}${hint}`;
  }
  if (parameters.get(SCHEMA_PARAMETER) === '') return 'has an empty schema';
  const mode = parameters.get('sslmode');
  // The driver would connect without encryption for a typing error, and `prefer` leaves it open.
  if (mode !== null && !SSL_MODES.includes(mode)) {
    return `has an sslmode other than ${SSL_MODES.join(', ')}`;
  }
  const ssl = parameters.get('ssl');
  if (ssl !== null && !SSL_VALUES.has(ssl)) {
    return `has an ssl other than ${[...SSL_VALUES.keys()].join(', ')} (for no encryption, write sslmode=disable)`;
  }
  return ssl !== null && mode === 'disable'
    ? 'requires encryption by ssl and disables it by sslmode=disable'
    : undefined;
}
