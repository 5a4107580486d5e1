import { DEFAULT_TARGET } from '../contract/names.ts';
import type { Setting } from './setting.ts';
import { DATABASE_URL, PREFIX, SETTINGS, targetSettings } from './settings.ts';

/** A setting as `--help` and the README's table tell of it. */
export interface SettingReference {
  readonly name: string;
  readonly meaning: string;
  /** As it would be written; undefined when there is none. */
  readonly default: string | undefined;
  /** What happens without a value where there is no default. */
  readonly unset: string | undefined;
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
      unset: 'refused, if the list names it',
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
    default: setting.default,
    unset: setting.unset,
    allowed: setting.allowed,
  };
}

function suffixes(settings: readonly { readonly name: string }[]): string {
  return settings
    .slice(1)
    .map(({ name }) => name.slice(`${PREFIX}NAME`.length))
    .join(', …');
}
