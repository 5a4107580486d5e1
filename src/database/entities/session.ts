import { defineEntity, p, type InferEntity } from '@mikro-orm/core';

/**
 * A login session, as an application keeps it. The token itself is never stored, only its SHA-256,
 * so that a leaked table opens no session.
 *
 * `expires_at` is indexed: the clean-up's drain walks that index, and without it every run has to
 * read the whole table. `user_id` is indexed to list or revoke all sessions of one user.
 */
export const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    id: p.uuid().primary().defaultRaw('gen_random_uuid()'),
    userId: p.text(),
    /** SHA-256 of the token, in lower-case hexadecimal. */
    tokenHash: p.string().length(64),
    userAgent: p.text().nullable(),
    ipAddress: p.string().columnType('inet').nullable(),
    createdAt: p.datetime(6).defaultRaw('now()'),
    lastSeenAt: p.datetime(6).defaultRaw('now()'),
    expiresAt: p.datetime(6),
  },
  indexes: [
    { name: 'sessions_expires_at_index', properties: ['expiresAt'] },
    { name: 'sessions_user_id_index', properties: ['userId'] },
  ],
  uniques: [{ name: 'sessions_token_hash_unique', properties: ['tokenHash'] }],
});

export type Session = InferEntity<typeof SessionSchema>;
