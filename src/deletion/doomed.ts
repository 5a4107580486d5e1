import type { EntityManager } from '@mikro-orm/postgresql';
import { boundOf } from './expiry.ts';
import type { Target } from './target.ts';

/** Which rows go: a target's rows that had expired by the deadline. */
export interface Doomed {
  readonly target: Target;
  /** `deadline` in the column's own type, as text. */
  readonly bound: string;
  readonly deadline: string;
}

/**
 * The rows that had expired by `least(cutoff, database now()) - grace`, once the database has said what that
 * is. Its clock has the last word, so a cut-off that lies in the future by that clock removes nothing that
 * lives.
 *
 * @param cutoff - ISO 8601; the database's present when left out
 */
export async function doomedBy(
  em: EntityManager,
  target: Target,
  { cutoff, graceSeconds }: { readonly cutoff?: string | undefined; readonly graceSeconds: number },
): Promise<Doomed> {
  // Needs no settings: all that goes in and comes out names its zone or has none.
  const [row] = await em.execute<{ deadline: string; bound: string }[]>(
    `select ${instantAsText('deadline')} as deadline, ${boundOf(target.expiry, 'deadline')} as bound
     from (select ${DEADLINE} as deadline) fixed`,
    [cutoff ?? 'infinity', graceSeconds],
  );
  if (row === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return { target, ...row };
}

/** The deadline: parameters are the cut-off and the grace in seconds. */
export const DEADLINE = 'least(?::timestamptz, now()) - make_interval(secs => ?)';

/**
 * SQL that writes an instant in ISO 8601, UTC, with the microseconds that a JavaScript Date would lose,
 * whatever the session's settings.
 */
export function instantAsText(instant: string): string {
  return `to_char((${instant}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
