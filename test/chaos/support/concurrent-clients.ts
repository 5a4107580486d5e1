/** Operations of an application on its sessions during a clean-up. */
import { MikroORM } from '@mikro-orm/postgresql';
import type pg from 'pg';

import { ormOptions } from '../../../src/database/orm.ts';
import { SessionRepository } from '../../../src/database/session-repository.ts';
import { TEST_DATABASE_SETTINGS } from '../../support/settings.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { WatchedRun } from '../../support/watched-run.ts';
import type { Random } from './random.ts';

/** The name of the clients' connections. */
export const APPLICATION = 'application';

/** What the clients did. */
export interface ClientActivity {
  /** Ids of sessions with a confirmed renewal that no client deleted. */
  readonly renewed: ReadonlySet<string>;
  /** Operations of all kinds, successful or come too late. */
  readonly operations: number;
  /** Operations on rows that the clean-up was about to delete at that moment. */
  readonly atPosition: number;
}

export interface ClientOptions {
  readonly connections: number;
  readonly operations: number;
  readonly way: 'sweep' | 'drain';
}

interface Candidate {
  readonly id: string;
  readonly token: string;
}

/** Each session gets one kind of operation only, so that its expected state is clear. */
const KIND = ['renew', 'renew', 'renew', 'revoke', 'find'] as const;

/**
 * Renews expired sessions (as an application does whose clock or rules differ), revokes some and finds
 * others expired, half of them right where the clean-up is, until all is done.
 */
export async function runClients(
  database: TestDatabase,
  run: WatchedRun,
  random: Random,
  options: ClientOptions,
): Promise<ClientActivity> {
  const renewed = new Set<string>();
  let operations = 0;
  let atPosition = 0;
  const url = new URL(database.url);
  url.searchParams.set('application_name', APPLICATION);
  const orm = new MikroORM({
    ...ormOptions({ ...TEST_DATABASE_SETTINGS, url: url.href }),
    driverOptions: { application_name: APPLICATION },
    pool: { min: 0, max: options.connections },
  });
  const sessions = new SessionRepository(orm.em);

  const operate = async (client: pg.Client, { id, token }: Candidate): Promise<void> => {
    switch (KIND[Number.parseInt(id.slice(0, 8), 16) % KIND.length]) {
      case 'renew': {
        const { rowCount } = await client.query(
          `update sessions set expires_at = now() + interval '1 day', last_seen_at = now() where id = $1`,
          [id],
        );
        if (rowCount === 1) renewed.add(id);
        return;
      }
      case 'revoke':
        await client.query('delete from sessions where id = $1', [id]);
        return;
      case 'find':
        await sessions.findLive(token);
        return;
      case undefined:
        throw new Error('No such kind.');
    }
  };
  const clients = Array.from({ length: options.connections }, async () => {
    const client = await database.connect();
    await client.query(`set application_name = '${APPLICATION}'`);
    while (operations < options.operations) {
      const isFront = random.below(2) === 0;
      const candidates = isFront
        ? await atFront(database, run, options.way)
        : await anywhere(database, random);
      for (const candidate of candidates) await operate(client, candidate);
      operations += candidates.length;
      if (isFront) atPosition += candidates.length;
      if (candidates.length === 0 && (await isOver(run))) return;
    }
  });
  await Promise.all(clients);
  await orm.close(true);
  return { renewed, operations, atPosition };
}

/** Tokens are made from ids (`tokenise`), so that the application can present them. */
const CANDIDATE = 'id, id::text as token';

/** Rows just before the clean-up's position: those it deletes now, or in a moment. */
async function atFront(
  database: TestDatabase,
  run: WatchedRun,
  way: 'sweep' | 'drain',
): Promise<readonly Candidate[]> {
  const [ledger] = await database.sql<{ position: string }>(
    `select position from session_cleanup.session_cleanup_ledger
     where run_id = $1 and way is not null order by updated_at desc limit 1`,
    [run.runId],
  );
  if (ledger === undefined) return [];
  return way === 'sweep'
    ? await database.sql(
        `select ${CANDIDATE} from sessions where ctid >= $1::tid and ctid < $2::tid and expires_at <= now()
         order by random() limit 20`,
        [`(${blockOf(ledger.position)},0)`, `(${blockOf(ledger.position) + 12},0)`],
      )
    : await database.sql(
        `select ${CANDIDATE} from (select id from sessions where expires_at > $1 and expires_at <= now()
           order by expires_at limit 600) as next order by random() limit 20`,
        // Empty until the first range is done.
        [ledger.position === '' ? '-infinity' : ledger.position],
      );
}

/** A sweep's position holds the block and the tuple within it. */
function blockOf(position: string): number {
  return Math.floor(Number(position) / 65_536);
}

async function anywhere(database: TestDatabase, random: Random): Promise<readonly Candidate[]> {
  const from = random.below(0xffff_ffff).toString(16).padStart(8, '0');
  return await database.sql(
    `select ${CANDIDATE} from session_snapshot where id >= $1::uuid and has_expired order by id limit 20`,
    [`${from}-0000-0000-0000-000000000000`],
  );
}

async function isOver(run: WatchedRun): Promise<boolean> {
  return (await run.handle.describe()).status.name !== 'RUNNING';
}

/** Gives each session a token that is its id in text. */
export async function tokenise(database: TestDatabase): Promise<void> {
  await database.sql(`update sessions set token_hash = encode(sha256(id::text::bytea), 'hex')`);
  await database.sql('vacuum full analyze sessions');
}
