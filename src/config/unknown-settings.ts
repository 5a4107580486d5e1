import { DEFAULT_TARGET } from '../contract/names.ts';
import { didYouMean } from './did-you-mean.ts';
import { PREFIX, SETTINGS, targetSettings } from './settings.ts';

/**
 * Problems of variables that carry our prefix and mean nothing: a slip in a name would otherwise
 * leave a default in force without a word.
 */
export function findUnknownSettings(
  environment: NodeJS.ProcessEnv,
  targetNames: readonly string[],
): readonly string[] {
  const known = new Set(
    [...Object.values(SETTINGS), ...targetNames.flatMap(settingsOf)].map(({ name }) => name),
  );
  const ofDefaultTarget = new Set(settingsOf(DEFAULT_TARGET).map(({ name }) => name));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && environment[name] !== '')
    .toSorted()
    .map((name) =>
      ofDefaultTarget.has(name)
        ? `${name} is set, but ${SETTINGS.targets.name} does not list the target ` +
          `"${DEFAULT_TARGET}" that it describes. Add "${DEFAULT_TARGET}" there, or unset it.`
        : `${name} is not a setting of session-cleanup. ${adviseRenamed(name) ?? advise(name, known)}`,
    );
}

/** Former names of settings. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  [`${PREFIX}BRAKE`, SETTINGS.approvalShare.name],
  [`${PREFIX}LANES_BESIDE_OTHERS`, SETTINGS.lanesWhenBusy.name],
]);

function adviseRenamed(name: string): string | undefined {
  const now = RENAMED.get(name);
  return now === undefined ? undefined : `It is called ${now} now. Rename it.`;
}

function advise(name: string, known: ReadonlySet<string>): string {
  const meant = didYouMean(
    withoutPrefix(name),
    [...known].map((candidate) => withoutPrefix(candidate)),
  );
  if (meant !== undefined) return `Did you mean ${PREFIX}${meant}?`;
  const target = /^(?<target>.+)_(?:TABLE|EXPIRES_COLUMN|EXPIRES_TYPE|TIME_ZONE)$/.exec(
    withoutPrefix(name),
  )?.groups?.['target'];
  return target === undefined
    ? 'Unset it; `session-cleanup help settings` lists them all.'
    : `If it describes a further table, add "${target.toLowerCase()}" to ${SETTINGS.targets.name}.`;
}

function settingsOf(target: string): readonly { readonly name: string }[] {
  return Object.values(targetSettings(target));
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}
