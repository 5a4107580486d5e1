import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { raw } from '@mikro-orm/core';
import { SessionSchema, type Session } from './entities/session.ts';

/** What an application knows of a session at login. */
export interface NewSession {
  readonly userId: string;
  /** The secret that the client keeps; only its hash is stored. */
  readonly token: string;
  readonly lifetimeSeconds: number;
  readonly userAgent?: string;
  readonly ipAddress?: string;
}

/**
 * Sessions as an application uses them. All times are the database's: the clean-up decides by the
 * same clock, so the two never disagree on whether a session has expired.
 */
export class SessionRepository {
  readonly #em: EntityManager;

  /** @param em - forked for each call, so one repository serves all requests */
  constructor(em: EntityManager) {
    this.#em = em;
  }

  /** Stores a session and returns its id. */
  async create(session: NewSession): Promise<string> {
    const em = this.#em.fork();
    return await em.insert(SessionSchema, {
      id: crypto.randomUUID(),
      userId: session.userId,
      tokenHash: hashToken(session.token),
      userAgent: session.userAgent ?? null,
      ipAddress: session.ipAddress ?? null,
      expiresAt: raw(SECONDS_FROM_NOW, [session.lifetimeSeconds]),
    });
  }

  /**
   * Returns the live session of `token`, or null. One found expired is removed at that moment; the
   * expiry is tested once more by the deletion itself, so a session that another request renews in
   * the same instant stays.
   */
  async findLive(token: string): Promise<Session | null> {
    const em = this.#em.fork();
    const tokenHash = hashToken(token);
    const live = await em.findOne(SessionSchema, { [has(tokenHash)]: [], [isLive()]: [] });
    if (live !== null) return live;
    await em.nativeDelete(SessionSchema, { [has(tokenHash)]: [], [isExpired()]: [] });
    return null;
  }

  /**
   * Lets the live session of `token` last for `lifetimeSeconds` from now. Returns false, and changes
   * nothing, when there is none: an expired session is never brought back.
   */
  async renew(token: string, lifetimeSeconds: number): Promise<boolean> {
    const updated = await this.#em.fork().nativeUpdate(
      SessionSchema,
      { [has(hashToken(token))]: [], [isLive()]: [] },
      {
        expiresAt: raw<Date>(SECONDS_FROM_NOW, [lifetimeSeconds]),
        lastSeenAt: raw<Date>('pg_catalog.now()'),
      },
    );
    return updated > 0;
  }

  /** Ends the session of `token` at once. Returns whether there was one. */
  async revoke(token: string): Promise<boolean> {
    const deleted = await this.#em
      .fork()
      .nativeDelete(SessionSchema, { [has(hashToken(token))]: [] });
    return deleted > 0;
  }
}

/** SHA-256 in hexadecimal: a token is long and random, so neither salt nor stretching would add anything. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

// A row that expires exactly now has expired; the clean-up draws the line at the same place.
// Written out, so that nothing in another schema of the search_path takes part.
const has = (tokenHash: string) =>
  raw('token_hash operator(pg_catalog.=) ?::pg_catalog.text', [tokenHash]);
const isLive = () => raw('expires_at operator(pg_catalog.>) pg_catalog.now()');
const isExpired = () => raw('expires_at operator(pg_catalog.<=) pg_catalog.now()');
const SECONDS_FROM_NOW =
  'pg_catalog.now() operator(pg_catalog.+) pg_catalog.make_interval(secs => ?::pg_catalog.float8)';
