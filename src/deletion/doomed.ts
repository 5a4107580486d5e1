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

/** Lets the database say what the deadline is in the type of the target's expiry. */
export async function doomedBy(
  em: EntityManager,
  target: Target,
  deadline: string,
): Promise<Doomed> {
  // Needs no settings: all that goes in and comes out names its zone or has none.
  const [row] = await em.execute<{ bound: string }[]>(`select ${boundOf(target.expiry)} as bound`, [
    deadline,
  ]);
  const bound = row?.bound;
  if (bound === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return { target, bound, deadline };
}

/**
 * The deadline: parameters are the cut-off and the grace in seconds. The database's clock has the
 * last word, so a cut-off that lies in the future by that clock removes nothing that lives.
 */
export const DEADLINE = 'least(?::timestamptz, now()) - make_interval(secs => ?)';

/**
 * The instant by which a row must have expired: `least(cutoff, database now()) - grace`. Text in
 * UTC, with the microseconds that a JavaScript Date would lose.
 */
export async function deadlineFor(
  em: EntityManager,
  cutoff: string | undefined,
  graceSeconds: number,
): Promise<string> {
  const [row] = await em.execute<{ deadline: string }[]>(
    `select ${instantAsText(DEADLINE)} as deadline`,
    [cutoff ?? 'infinity', graceSeconds],
  );
  if (row === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return row.deadline;
}

/** SQL that writes an instant in ISO 8601, UTC, with microseconds, whatever the session's settings. */
export function instantAsText(instant: string): string {
  return `to_char((${instant}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
