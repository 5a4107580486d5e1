import type { z } from 'zod';

/** How a setting's text is read, and what it may be, in words made from the same limits. */
export interface ValueKind<Value> {
  /** Turns the text into a value; an issue's message is a clause that can follow "which". */
  readonly schema: z.ZodType<Value, string>;
  /** What the setting may be; follows "Allowed: " in a message and stands in the tables. */
  readonly allowed: string;
}

/** One environment variable: parsing, `--help` and the README's table all come from this. */
export interface Setting<Value> extends ValueKind<Value> {
  readonly name: string;
  /** What it does, in a few words, beginning with a capital letter. */
  readonly meaning: string;
  /** The default as it would be written in the environment; undefined when there is none. */
  readonly default: string | undefined;
  /** What happens without a value, for a setting that has no default. */
  readonly unset?: string;
  /** Gives the value a form that may be printed; for secrets. */
  readonly mask?: (text: string) => string;
}

/** A setting that can be left out. */
export interface SettingWithDefault<Value> extends Setting<Value> {
  readonly default: string;
}

/** A setting's text in the environment; an empty variable counts as not set. */
export function givenText(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const text = environment[name];
  return text === '' ? undefined : text;
}

/** Reads a setting; what is wrong with it is added to the problems, and undefined given back. */
export function readSetting<Value>(
  environment: NodeJS.ProcessEnv,
  setting: Setting<Value>,
  problems: string[],
): Value | undefined {
  const text = givenText(environment, setting.name);
  if (text === undefined) return undefined;
  const parsed = setting.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => issue.message).join(' and ');
  problems.push(describeProblem(setting, text, reasons));
  return undefined;
}

/**
 * Reads a setting that has a default. With a problem, too, the default is given back, so that the
 * rest of the configuration can be checked before all problems are reported.
 */
export function readSettingOrDefault<Value>(
  environment: NodeJS.ProcessEnv,
  setting: SettingWithDefault<Value>,
  problems: string[],
): Value {
  const value = readSetting(environment, setting, problems);
  // Not `??`: null is a value, as that of a limit that is turned off.
  return value === undefined ? setting.schema.parse(setting.default) : value;
}

/** The problem of a setting that must be given and is not. */
export function describeMissing(setting: Setting<unknown>): string {
  return `${setting.name} is not set. Allowed: ${setting.allowed}. Set it: ${lowerFirst(setting.meaning)}.`;
}

function describeProblem(setting: Setting<unknown>, text: string, reasons: string): string {
  const shown = setting.mask === undefined ? JSON.stringify(text) : setting.mask(text);
  const remedy =
    setting.default === undefined
      ? 'Correct it.'
      : `Correct it, or unset it to have ${setting.default}.`;
  return `${setting.name} is ${shown}, which ${reasons}. Allowed: ${setting.allowed}. ${remedy}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
