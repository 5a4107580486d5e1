/** `error`: a run would fail or do harm. `warning`: it works, but worse than it could. */
export type Level = 'ok' | 'warning' | 'error';

/** What one check found. */
export interface Finding {
  /** Stable name of the check, for machines. */
  readonly check: string;
  readonly level: Level;
  /** What it is about, where there are several: a target's name, or the names of all that share it. */
  readonly subject?: string;
  /** One line: what was found. */
  readonly message: string;
  /** What to do about it; SQL where that is what it takes. */
  readonly remedy?: string;
}

/** The worst level among findings. */
export function worstOf(findings: readonly Finding[]): Level {
  const levels = findings.map(({ level }) => level);
  if (levels.includes('error')) return 'error';
  return levels.includes('warning') ? 'warning' : 'ok';
}
