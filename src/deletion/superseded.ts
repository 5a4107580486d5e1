import { sqlState } from '../database/transaction.ts';
import { SupersededError } from '../failures/errors.ts';

/** What the server is made to read as a number when an entry does not fit, so that nothing commits. */
export const SUPERSEDED = 'session_cleanup: superseded';

/** `invalid_text_representation`, which quotes what could not be read. */
const UNREADABLE = '22P02';

/**
 * To be thrown instead of `error`: what the commit of a {@link SliceLedger.record} failed with tells that
 * the slice has been taken over.
 */
export function supersededIn(error: unknown): unknown {
  const isSuperseded =
    error instanceof Error && sqlState(error) === UNREADABLE && error.message.includes(SUPERSEDED);
  return isSuperseded ? superseded() : error;
}

/** The error of an attempt that has been overtaken. */
export function superseded(): SupersededError {
  return new SupersededError(
    'Another attempt has taken this slice over, or the database lost commits in a crash; the newest attempt goes on from the ledger.',
  );
}
