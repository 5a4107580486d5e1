/** How the expiry of a row is stored. The unit of a number is configured, never guessed. */
export const EXPIRY_TYPES = [
  'timestamptz',
  'timestamp',
  'epoch-seconds',
  'epoch-milliseconds',
  'iso8601',
] as const;

export type ExpiryType = (typeof EXPIRY_TYPES)[number];

/** Unit of the numbers in a column of lifetimes, with its length in seconds. */
export const LIFETIME_UNITS = {
  milliseconds: 0.001,
  seconds: 1,
  minutes: 60,
  hours: 3_600,
  days: 86_400,
} as const;

export type LifetimeUnit = keyof typeof LIFETIME_UNITS;
