import { ConfigError } from './config.ts';
import type { Setting, Values } from './settings.ts';

/** A setting's text in the environment; an empty variable counts as not set. */
export function givenText(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}

/** Reads settings and collects the problems of all. */
export class SettingsReader {
  readonly environment: NodeJS.ProcessEnv;
  readonly problems: string[] = [];

  constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment;
  }

  isSet({ name }: Pick<Setting<unknown>, 'name'>): boolean {
    return givenText(this.environment, name) !== undefined;
  }

  /** The text of a setting that is set; undefined with a problem. */
  validText(setting: Setting<unknown>): string | undefined {
    const text = givenText(this.environment, setting.name);
    if (text === undefined || setting.schema.safeParse(text).success) return text;
    this.problems.push(describeProblem(setting, text));
    return undefined;
  }

  /** With a problem, this is the default, so that all problems can be reported together. */
  read<Value>(setting: Setting<Value>): Value {
    const text = givenText(this.environment, setting.name);
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    this.problems.push(describeProblem(setting, text ?? ''));
    return setting.schema.parse(undefined);
  }

  readAll<Group extends Readonly<Record<string, Setting<unknown>>>>(group: Group): Values<Group> {
    const values = Object.entries(group).map(
      ([key, setting]) => [key, this.read(setting)] as const,
    );
    // The keys are the group's own, and each value is what its setting reads.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Object.fromEntries(values) as Values<Group>;
  }

  require(setting: Setting<unknown>): void {
    if (this.isSet(setting)) return;
    const meaning = setting.meaning.charAt(0).toLowerCase() + setting.meaning.slice(1);
    this.problems.push(
      `${setting.name}: not set. Allowed: ${setting.allowed}. Set it to the ${meaning}.`,
    );
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}

function describeProblem(setting: Setting<unknown>, text: string): string {
  const shown = setting.mask?.(text) ?? JSON.stringify(text);
  const problem = setting.problem?.(text) ?? 'is invalid';
  const remedy =
    setting.default === undefined
      ? 'Correct it.'
      : `Correct it, or unset it for the default, ${setting.default}.`;
  return `${setting.name}: ${shown} ${problem}. Allowed: ${setting.allowed}. ${remedy}`;
}
