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
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) {
    // The driver would connect without encryption for a slip, and `prefer` leaves it open.
    return { refusal: `has an sslmode other than ${SSL_MODES.join(', ')}` };
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

/**
 * The address as the driver is to have it: it takes `require` and `verify-ca` for `verify-full`, as a
 * safe reading of them, but warns of that on every start.
 */
export function driverUrl(text: string): string {
  const url = parseUrl(text);
  const mode = url?.searchParams.get('sslmode');
  if (url === undefined || (mode !== 'require' && mode !== 'verify-ca')) return text;
  if (url.searchParams.get('uselibpqcompat') === 'true') return text;
  url.searchParams.set('sslmode', 'verify-full');
  return url.href;
}

function parseUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined;
}
