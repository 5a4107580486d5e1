/** The size of each test: short for a gate, or full as documented. */

/** Environment variable that `npm run test:chaos` sets to `full`. */
const FORM_VARIABLE = 'CHAOS_FORM';

export const isFullForm = process.env[FORM_VARIABLE] === 'full';

/** One of two sizes, by the form of this run. */
export function sized(sizes: { readonly short: number; readonly full: number }): number {
  return isFullForm ? sizes.full : sizes.short;
}

/** Expired rows of a run during which a process is killed. */
export const EXPIRED = sized({ short: 30_000, full: 500_000 });

/** Live rows among them. */
export const LIVE = sized({ short: 1_500, full: 25_000 });

/** Rows a second that one lane deletes while it waits to be killed: the run lasts long enough. */
export const SLOW = 5_000;

/** Longest time for one test in this form. Milliseconds. */
export const PATIENCE = sized({ short: 240_000, full: 1_800_000 });
