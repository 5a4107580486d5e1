import { ConfigError } from '../../src/config/config.ts';

/** The problems that a loader of configuration reports; none when it succeeds. */
export function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
