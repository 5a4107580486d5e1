/** Values that must not leave the database or the environment, and the search for them. */
import type { RealRun } from './real-worker.ts';
import { fillSessions, type SessionMix } from './sessions.ts';
import type { TestDatabase } from './test-database.ts';

/** Recognisable wherever they turn up. */
export const PLANTED = {
  /** A valid UUID, so that it can be a key as well. */
  row: 'deadbeef-feed-4bad-8bad-c0ffee15900d',
  password: 'pl4nted p@ssw0rd',
  apiKey: 'planted-ap1-key-7f3a',
} as const;

/** The test's database, at an address that holds the planted password. The test server asks for none. */
export function withPlantedPassword(database: TestDatabase): TestDatabase {
  const url = new URL(database.url);
  url.password = PLANTED.password;
  return { ...database, url: url.href };
}

/** Environment variables that hold the planted API key; the test server takes any. */
export const PLANTED_KEY = { TEMPORAL_API_KEY: PLANTED.apiKey, TEMPORAL_TLS: 'false' } as const;

/** Fills the table with sessions all of which hold the planted value, one of them as its key. */
export async function plantSessions(database: TestDatabase, mix: SessionMix): Promise<void> {
  await fillSessions(database, mix);
  await database.sql(`update sessions set user_agent = $1, user_id = $1`, [PLANTED.row]);
  await plantOne(database);
}

/** One expired session whose key, user and browser are the planted value. */
export async function plantOne(database: TestDatabase): Promise<void> {
  await database.sql(
    `insert into sessions (id, user_id, user_agent, token_hash, expires_at)
     values ($1, $2, $3, $4, now() - interval '1 hour')`,
    [PLANTED.row, PLANTED.row, PLANTED.row, PLANTED.row],
  );
}

/** Everything that can be read of a run: its whole history, and its description, as one text. */
export async function everythingAbout(
  run: Pick<RealRun, 'fetchHistory' | 'describe'>,
): Promise<string> {
  const [history, description] = await Promise.all([run.fetchHistory(), run.describe()]);
  return textOf([history, description.raw]);
}

/** All text in a value, however deep, with the names of its fields; payloads are bytes, and hold JSON. */
export function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${textOf(inner)}`)
    .join('\n');
}

/**
 * The places of a planted value in a text: as it is, as an address spells it, or in base64,
 * as JSON spells bytes. Empty when it is nowhere.
 */
export function plantedIn(text: string): readonly string[] {
  return Object.entries(PLANTED).flatMap(([name, value]) =>
    spellingsOf(value).flatMap((spelling) => {
      const at = text.indexOf(spelling);
      return at === -1 ? [] : [`${name}: …${text.slice(Math.max(0, at - 80), at + 80)}…`];
    }),
  );
}

function spellingsOf(value: string): readonly string[] {
  // Base64 depends on where in a group of three bytes the value begins; its ends on what is around it.
  const inBase64 = [0, 1, 2].map((offset) =>
    Buffer.from(`${'-'.repeat(offset)}${value}`)
      .toString('base64')
      .slice(4, -4),
  );
  const plain = [value, encodeURIComponent(value), value.replaceAll('-', '')];
  return [...new Set([...plain, ...inBase64])];
}
