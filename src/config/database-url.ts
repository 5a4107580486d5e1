import { didYouMean } from './did-you-mean.ts';

/** The reason why a text is not a usable address; a clause that can follow "which". */
export interface UrlRefusal {
  readonly refusal: string;
}

/** What `sslmode` may be. `no-verify` encrypts only; the three above it look at the certificate, too. */
const SSL_MODES: readonly string[] = [
  'disable',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
];

/** The `sslmode` for each value of `ssl`, which hosted databases put into their addresses; the driver reads it so, too. */
const SSL_VALUES: ReadonlyMap<string, string> = new Map([
  ['true', 'verify-full'],
  ['1', 'verify-full'],
  ['no-verify', 'no-verify'],
]);

/** Parameters that the driver honours. */
const DRIVER_PARAMETERS: readonly string[] = [
  ...['host', 'port', 'options'],
  ...['sslmode', 'sslcert', 'sslkey', 'sslrootcert', 'sslnegotiation', 'uselibpqcompat'],
];

/** Where tables are looked up whose name has no schema, as Prisma means it. */
const SCHEMA_PARAMETER = 'schema';

/**
 * Parameters of other clients and of connection pools, which say nothing of where the data are. They have no effect:
 * the program has connections and limits of its own, and names itself to the server.
 */
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

/** Checks a `postgres://` address without connecting. Gives the text itself back when it is usable. */
export function checkDatabaseUrl(text: string): string | UrlRefusal {
  const url = parseUrl(text);
  if (url === undefined) {
    return {
      refusal: 'cannot be read as an address (percent-encode @ : / ? # in user and password)',
    };
  }
  if (!PROTOCOLS.includes(url.protocol)) {
    return { refusal: `begins with ${url.protocol}//, not with postgres:// or postgresql://` };
  }
  if (url.hostname === '' && !url.searchParams.has('host')) return { refusal: 'names no host' };
  if (url.pathname.length < 2) return { refusal: 'names no database after the host' };
  const parameter = refuseParameters([...url.searchParams.keys()]);
  if (parameter !== undefined) return { refusal: parameter };
  if (url.searchParams.get(SCHEMA_PARAMETER) === '') return { refusal: 'has an empty schema' };
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) {
    // The driver would connect without encryption for a slip, and `prefer` leaves it open.
    return { refusal: `has an sslmode other than ${SSL_MODES.join(', ')}` };
  }
  const ssl = url.searchParams.get('ssl');
  if (ssl !== null && !SSL_VALUES.has(ssl)) {
    const values = [...SSL_VALUES.keys()].join(', ');
    return {
      refusal: `has an ssl other than ${values} (for no encryption, write sslmode=disable)`,
    };
  }
  if (ssl !== null && mode === 'disable') {
    return { refusal: `asks for encryption by ssl and for none by sslmode=disable` };
  }
  return text;
}

/**
 * The address with its password and every query parameter's value replaced by `***`, fit for a
 * message. What cannot be parsed is not shown at all, since nobody knows where its password is.
 */
export function maskDatabaseUrl(text: string): string {
  const url = parseUrl(text);
  if (url === undefined || !PROTOCOLS.includes(url.protocol)) return '(not shown)';
  if (url.password !== '') url.password = '***';
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, '***');
  return url.href;
}

/** The schema that the address names for tables without one; undefined: the connection's search_path decides. */
export function schemaInUrl(text: string): string | undefined {
  return parseUrl(text)?.searchParams.get(SCHEMA_PARAMETER) ?? undefined;
}

/**
 * The address as the driver is to have it, with its own parameters only: it would take any other for a setting
 * of its configuration. It takes `require` and `verify-ca` for `verify-full`, as a
 * safe reading of them, but warns of that on every start.
 */
export function driverUrl(text: string): string {
  const url = parseUrl(text);
  if (url === undefined) return text;
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
function refuseParameters(names: readonly string[]): string | undefined {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) return `has the parameter ${repeated} more than once`;
  const unknown = names.find((name) => !PARAMETERS.includes(name));
  if (unknown === undefined) return undefined;
  const meant = didYouMean(unknown, PARAMETERS);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return `has the parameter ${JSON.stringify(unknown)}, which is not supported${hint}`;
}

function parseUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined;
}
