/** The reason why a text is not a usable address; a clause that can follow "which". */
export interface UrlRefusal {
  readonly refusal: string;
}

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

function parseUrl(text: string): URL | undefined {
  return URL.parse(text) ?? undefined;
}
