/**
 * The configuration cannot be used. Thrown before anything is connected to, with every problem at
 * once; a command that meets it exits with code 2.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** One sentence or two each: the setting, what it is (secrets masked), what it may be, the remedy. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const heading =
      problems.length === 1
        ? 'The configuration has a problem:'
        : `The configuration has ${problems.length} problems:`;
    super([heading, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}
