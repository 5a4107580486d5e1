/** Certificates of a test's own authority, made with openssl. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Tests that need certificates are skipped without it. */
export const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority whose files are in a folder. */
export interface CertificateAuthority {
  readonly cert: string;
  /** For a server on the loopback interface, or for a client. */
  issue(name: string, options?: { readonly hasExpired?: boolean }): Certificate;
}

/** Makes an authority; its files and those that it issues begin with its name. */
export function createAuthority(folder: string, name: string): CertificateAuthority {
  const file = (kind: string): string => path.join(folder, `${name}-${kind}`);
  const newKey = (key: string): void => {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key);
  };
  const [cert, key, names] = [file('ca.crt'), file('ca.key'), file('names')];
  newKey(key);
  openssl('req', '-x509', '-new', '-key', key, '-subj', `/CN=${name}`, '-days', '2', '-out', cert);
  writeFileSync(names, 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  return {
    cert,
    issue: (subject, { hasExpired = false } = {}) => {
      const own = { cert: file(`${subject}.crt`), key: file(`${subject}.key`) };
      const request = file(`${subject}.csr`);
      newKey(own.key);
      openssl('req', '-new', '-key', own.key, '-subj', `/CN=${subject}`, '-out', request);
      const by = ['-CA', cert, '-CAkey', key, '-CAcreateserial', '-extfile', names];
      const days = hasExpired ? '-1' : '1';
      openssl('x509', '-req', '-in', request, ...by, '-days', days, '-out', own.cert);
      return own;
    },
  };
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
