/** A role with exactly the rights that our own command prints, and tests that clean by it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import pg from 'pg';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The role that tests clean by; undefined where it is the server's superuser. */
    readonly databaseRole?: string;
  }
}

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What `session-cleanup grants` prints for the default configuration. */
export async function printedGrants(role: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'grants', '--role', role], {
    env: { PATH: process.env['PATH'], DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
  });
  return stdout;
}

/** Makes the role, and gives it those rights in the database that `url` names; its owner runs this. */
export async function createLeastRole(url: string, role: string): Promise<void> {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  try {
    await owner.query(`create role ${owner.escapeIdentifier(role)} login`);
    await owner.query(await printedGrants(role));
  } finally {
    await owner.end();
  }
}

/** The same address for that role; the test server asks for no password. */
export function asRole(url: string, role: string | undefined): string {
  if (role === undefined) return url;
  const address = new URL(url);
  address.username = encodeURIComponent(role);
  return address.href;
}
