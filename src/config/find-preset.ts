import { didYouMean } from './did-you-mean.ts';
import { PRESETS, type Preset } from './presets.ts';

/** The preset of this name; undefined: there is none. */
export function findPreset(name: string): Preset | undefined {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
}

/** Why a name is none of a preset, with those that may be meant: the beginning of a name counts, too. */
export function explainNoPreset(name: string): string {
  const names = Object.keys(PRESETS);
  const longer = name === '' ? [] : names.filter((preset) => preset.startsWith(`${name}-`));
  const meant = longer.length === 0 ? didYouMean(name, names) : longer.join(' or ');
  return (
    `there is no preset ${JSON.stringify(name)}. ` +
    (meant === undefined ? '`session-cleanup presets` lists them.' : `Did you mean ${meant}?`)
  );
}
