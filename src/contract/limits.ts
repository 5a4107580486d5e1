/** Limits that the settings, the options of commands and the workflow's updates share. */

/** Most database connections that delete side by side. */
export const MOST_LANES = 16;

/** Highest rate of deletion, in rows per second. */
export const MOST_ROWS_PER_SECOND = 10_000_000;
