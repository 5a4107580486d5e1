import { DEFAULT_TARGET } from '../contract.ts';
import type { Setting } from './setting.ts';
import { DATABASE_URL, PREFIX, SETTINGS, targetSettings } from './settings.ts';

/** A setting as `--help` and the README's table tell of it. */
export interface SettingReference {
  readonly name: string;
  readonly meaning: string;
  /** The default, or in brackets what happens without one. */
  readonly default: string;
  readonly allowed: string;
}

/** Every setting, in the order in which one reads about them. */
export function settingsReference(): readonly SettingReference[] {
  const { targets, ...others } = SETTINGS;
  const further = targetSettings('name');
  return [
    DATABASE_URL,
    ...Object.values(targetSettings(DEFAULT_TARGET)),
    targets,
    {
      name: further.table.name.replace('NAME', '<NAME>'),
      meaning: `Table of a further target; …${suffixes(Object.values(further))} likewise`,
      default: undefined,
      unset: 'required for each name in the list',
      allowed: further.table.allowed,
    },
    ...Object.values(others),
  ].map(referTo);
}

function referTo(
  setting: Pick<Setting<unknown>, 'name' | 'meaning' | 'default' | 'unset' | 'allowed'>,
): SettingReference {
  return {
    name: setting.name,
    meaning: setting.meaning,
    default: setting.default ?? `(${setting.unset ?? 'none'})`,
    allowed: setting.allowed,
  };
}

function suffixes(settings: readonly { readonly name: string }[]): string {
  return settings
    .slice(1)
    .map(({ name }) => name.slice(`${PREFIX}NAME`.length))
    .join(', …');
}
