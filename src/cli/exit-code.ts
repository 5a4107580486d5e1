/** What a command tells the shell. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Nothing was connected to: an argument or a setting cannot be used. */
  badInput: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command failed for a reason that its message explains, with the remedy. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
}

/** An argument cannot be used. Thrown before anything is connected to; the message says why. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
