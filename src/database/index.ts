/** What an application needs that shares the database, but runs no worker; needs no package of Temporal. */
export { migrate } from './migrate.ts';
export { keepLedger } from './orm.ts';
export { SessionRepository } from './session-repository.ts';
export type { NewSession, SessionEntity } from './session-repository.ts';
