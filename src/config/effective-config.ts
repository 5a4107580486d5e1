import { versionSettings } from './load-config.ts';
import { readTargets } from './read-targets.ts';
import { givenText, SettingsReader } from './settings-reader.ts';
import { FOR_ALL_TARGETS, ONE_TABLE, SETTINGS, settingsReference } from './settings.ts';

/** A value that is in force, and where it comes from. */
export interface EffectiveSetting {
  /** `targets.web.grace`, or the name of a variable. */
  readonly key: string;
  /** As written, fit to be shown; null: there is none. */
  readonly value: unknown;
  /** `session-cleanup.yaml:6`, a variable, `preset NAME`, `environment` or `default`. */
  readonly from: string;
}

/** The effective configuration. Secrets are masked. */
export interface EffectiveConfig {
  readonly file: string | null;
  readonly settings: readonly EffectiveSetting[];
}

/**
 * Explains a configuration that `loadConfig` accepts.
 *
 * @throws ConfigError with the problems of the targets
 */
export function explainConfig(environment: NodeJS.ProcessEnv): EffectiveConfig {
  const reader = new SettingsReader(environment);
  const { file, targets } = readTargets(reader);
  reader.throwProblems();
  const ofTargets = [
    ...Object.values(ONE_TABLE),
    ...Object.values(FOR_ALL_TARGETS),
    SETTINGS.config,
  ];
  const { deploymentName, buildId } = versionSettings(reader);
  const setInstead = new Map([
    [SETTINGS.deploymentName.name, deploymentName.name],
    [SETTINGS.buildId.name, buildId.name],
  ]);
  const others = settingsReference().filter(({ name }) =>
    ofTargets.every((it) => it.name !== name),
  );
  return {
    file: file ?? null,
    settings: [
      ...targets.flatMap(({ config, values }) =>
        values.map(({ key, value, from }) => ({
          key: `targets.${config.name}.${key}`,
          value,
          from,
        })),
      ),
      ...others.map(({ name, default: usual = null, mask = (text) => text }) => {
        const variable = setInstead.get(name) ?? name;
        const given = givenText(environment, variable);
        return given === undefined
          ? { key: name, value: usual, from: 'default' }
          : { key: name, value: mask(given), from: variable === name ? 'environment' : variable };
      }),
    ],
  };
}
