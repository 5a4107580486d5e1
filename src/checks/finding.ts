/** `error`: a run would fail or do harm. `warning`: it works, but worse than it could. */
export type Level = 'ok' | 'warning' | 'error';

/** The answer of one check. */
export interface Found {
  readonly level: Level;
  /** One line: what was found. */
  readonly message: string;
  /** What to do about it; SQL where SQL does it. */
  readonly remedy?: string;
}

/** The answer that nothing is wrong. */
export function ok(message: string): Found {
  return { level: 'ok', message };
}

export function warning(message: string, remedy: string): Found {
  return { level: 'warning', message, remedy };
}

/** @param remedy - left out: the message names it */
export function problem(message: string, remedy?: string): Found {
  return { level: 'error', message, ...(remedy === undefined ? {} : { remedy }) };
}

/** What one check found. */
export interface Finding extends Found {
  /** Stable name of the check, for machines. */
  readonly check: string;
  /** What it is about, where there are several: a target's name, or the names of all that share it. */
  readonly subject?: string;
}

/** The worst level among findings. */
export function worstOf(findings: readonly Finding[]): Level {
  const levels = findings.map(({ level }) => level);
  if (levels.includes('error')) return 'error';
  return levels.includes('warning') ? 'warning' : 'ok';
}
