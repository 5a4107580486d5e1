import type { TargetEntry } from './target-entry.ts';

/** A known store of sessions, and the rule by which its rows expire. */
export interface Preset {
  readonly store: string;
  /** URL of the definition of its table. */
  readonly source: string;
  /** What the site has to know or to decide. */
  readonly note?: string;
  readonly target: TargetEntry;
}

/** By name, as `preset:` gives it. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  'connect-pg-simple': {
    store: 'connect-pg-simple',
    source: 'https://github.com/voxpelli/node-connect-pg-simple/blob/main/table.sql',
    note: "`expire` is in the time zone of the application's connections.",
    target: { table: 'session', expires: { column: 'expire' } },
  },
};
