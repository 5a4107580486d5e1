import { Option } from 'commander';

import { explainConfig } from '../config/effective-config.ts';
import { readTargetsOf } from '../config/read-targets.ts';
import { givenText } from '../config/settings-reader.ts';
import { countText } from '../contract/text.ts';
import { defineCommand, type Outcome } from './command.ts';
import { readPartialConfig, type CommandContext } from './context.ts';
import { renderTable } from './rendering/table.ts';

/** `session-cleanup config` */
export const addConfigCommand = defineCommand<{ readonly check?: string }>({
  name: 'config',
  summary: 'show the effective configuration, or check a file',
  description:
    'Shows the configuration in force and where each value comes from: line of the file, environment, ' +
    'preset or default. Secrets are masked. Opens no connection. With --check it reads only the given ' +
    'file, without any other setting, and reports all problems.',
  options: [new Option('--check <file>', 'check a configuration file, for example in CI')],
  settings: 'all',
  temporal: true,
  examples: [
    ['session-cleanup config', 'what is in force, and why'],
    ['session-cleanup config --check session-cleanup.yaml', 'in CI'],
  ],
  run: ({ context, options: { check } }) =>
    Promise.resolve(check === undefined ? showConfig(context) : checkFile(check)),
});

function checkFile(path: string): Outcome {
  const targets = readTargetsOf(path).map(({ config }) => config.name);
  return {
    json: { valid: true, targets },
    text: () => `${path}: valid: ${countText(targets.length, 'target')}`,
  };
}

function showConfig({ environment, ...context }: CommandContext): Outcome {
  // Reports the problems of all settings.
  const { temporal } = readPartialConfig({ environment, ...context });
  const { file, settings } = explainConfig(environment);
  const { tls, apiKey } = temporal.connection;
  const ofTemporal = [
    ['TEMPORAL_ADDRESS', temporal.address],
    ['TEMPORAL_NAMESPACE', temporal.namespace],
    ['TEMPORAL_TLS', Boolean(tls)],
    ['TEMPORAL_API_KEY', apiKey === undefined ? null : '***'],
  ] as const;
  const all = [
    ...settings,
    ...ofTemporal.map(([key, value]) => {
      const isGiven = givenText(environment, key) !== undefined;
      return { key, value, from: isGiven ? 'environment' : "Temporal's profile or default" };
    }),
  ];
  return {
    json: { file, settings: all },
    text: () =>
      renderTable(
        [{ title: 'setting' }, { title: 'from' }, { title: 'value' }],
        all.map(({ key, value, from }) => [key, from, valueText(value)]),
      ),
  };
}

function valueText(value: unknown): string {
  return value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}
