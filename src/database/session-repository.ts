import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { raw, Utils, type EntityName, type FilterQuery, type EntityData } from '@mikro-orm/core';
import { SessionSchema, type Session } from './entities/session.ts';
import { quoteName } from './sql.ts';

/** What an application knows of a session at login. */
export interface NewSession {
  readonly userId: string;
  /** The secret that the client keeps; only its hash is stored. */
  readonly token: string;
  readonly lifetimeSeconds: number;
  readonly userAgent?: string;
  readonly ipAddress?: string;
}

/** An application's own entity of sessions. */
export interface SessionEntity<Entity extends object> {
  readonly entity: EntityName<Entity>;
  /** The property by which a session is found. */
  readonly token: keyof Entity & string;
  /** What that property holds for a token. Default: the SHA-256 in hexadecimal. */
  readonly hash?: (token: string) => string;
  /** The property with the instant of expiry, a `timestamptz`. */
  readonly expiresAt: keyof Entity & string;
}

const OWN: SessionEntity<Session> = {
  entity: SessionSchema,
  token: 'tokenHash',
  expiresAt: 'expiresAt',
};

/**
 * Sessions as an application uses them: one that is found expired when it is validated is removed then. All times are
 * the database's: the clean-up decides by the same clock, so the two never disagree on whether a session has expired.
 *
 * @example
 * const sessions = new SessionRepository(orm.em, {
 *   entity: UserSession,
 *   token: 'tokenHash',
 *   expiresAt: 'validUntil',
 * });
 * const session = await sessions.findLive(token);
 */
export class SessionRepository<Entity extends object = Session> {
  readonly #em: EntityManager;
  readonly #sessions: SessionEntity<Entity>;

  /**
   * @param em - forked for each call, so one repository serves all requests; it has to know the entity
   * @param sessions - the application's own entity; left out: the table `sessions` that `migrate` creates
   */
  constructor(
    em: EntityManager,
    // Without an own entity, the class has its default type.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    sessions: SessionEntity<Entity> = OWN as unknown as SessionEntity<Entity>,
  ) {
    this.#em = em;
    this.#sessions = sessions;
  }

  /** Stores a session in the table `sessions` and returns its id. */
  async create(this: SessionRepository, session: NewSession): Promise<string> {
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
  async findLive(token: string): Promise<Entity | null> {
    const em = this.#em.fork();
    const { entity } = this.#sessions;
    const live = await em.findOne(entity, this.#where(token, '>'));
    if (live !== null) return live;
    await em.nativeDelete(entity, this.#where(token, '<='));
    return null;
  }

  /**
   * Lets the live session of `token` last for `lifetimeSeconds` from now. Returns false, and changes
   * nothing, when there is none: an expired session is never brought back.
   */
  async renew(token: string, lifetimeSeconds: number): Promise<boolean> {
    const { entity, expiresAt } = this.#sessions;
    const until = { [expiresAt]: raw(SECONDS_FROM_NOW, [lifetimeSeconds]) };
    const isOwn = entity === OWN.entity;
    const data = isOwn ? { ...until, lastSeenAt: raw('pg_catalog.now()') } : until;
    const updated = await this.#em
      .fork()
      // The keys are properties of the entity.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      .nativeUpdate(entity, this.#where(token, '>'), data as EntityData<NoInfer<Entity>>);
    return updated > 0;
  }

  /** Ends the session of `token` at once. Returns whether there was one. */
  async revoke(token: string): Promise<boolean> {
    return (await this.#em.fork().nativeDelete(this.#sessions.entity, this.#where(token))) > 0;
  }

  /** @param expiry - how the expiry compares with the present; left out: in any way */
  #where(token: string, expiry?: '>' | '<='): FilterQuery<NoInfer<Entity>> {
    const { token: tokenKey, expiresAt, hash = hashToken } = this.#sessions;
    // Written out, so that nothing in another schema of the search_path takes part. A row that expires exactly now
    // has expired; the clean-up draws the line at the same place.
    const found = raw(`${this.#columnOf(tokenKey)} operator(pg_catalog.=) ?::pg_catalog.text`, [
      hash(token),
    ]);
    const compared =
      expiry === undefined
        ? []
        : [raw(`${this.#columnOf(expiresAt)} operator(pg_catalog.${expiry}) pg_catalog.now()`)];
    const conditions = [found, ...compared].map((condition) => [condition, []]);
    // A condition of raw SQL is a key of the filter.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Object.fromEntries(conditions) as FilterQuery<NoInfer<Entity>>;
  }

  #columnOf(property: keyof Entity & string): string {
    const { entity } = this.#sessions;
    const found = this.#em
      .getMetadata()
      .find(entity)
      ?.props.find(({ name }) => name === property);
    if (found === undefined) {
      const name = Utils.className(entity);
      throw new TypeError(
        `SessionRepository: the ORM knows no property ${property} of ${name}. Correct it, or add the entity ${name} to the ORM.`,
      );
    }
    const [column = property] = found.fieldNames;
    return quoteName(column);
  }
}

/** SHA-256 in hexadecimal: a token is long and random, so neither salt nor stretching would add anything. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

const SECONDS_FROM_NOW =
  'pg_catalog.now() operator(pg_catalog.+) pg_catalog.make_interval(secs => ?::pg_catalog.float8)';
