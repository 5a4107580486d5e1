/** Variables of former versions that described several tables, and the file that replaces them. */
import { stringify } from 'yaml';

import { DEFAULT_TARGET } from '../contract/names.ts';
import { DEFAULT_FILE } from './setting-of.ts';
import { givenText } from './settings-reader.ts';
import { ONE_TABLE, PREFIX } from './settings.ts';

const LIST = `${PREFIX}TARGETS`;

const OF_A_TARGET = new RegExp(
  `^${PREFIX}(.+)_(?:TABLE|EXPIRES_COLUMN|EXPIRES_TYPE|TIME_ZONE|CASCADE)$`,
);

/** Those that are set. */
export function replacedVariables(environment: NodeJS.ProcessEnv): readonly string[] {
  return Object.keys(environment)
    .filter((name) => givenText(environment, name) !== undefined)
    .filter((name) => name === LIST || OF_A_TARGET.test(name))
    .toSorted();
}

/** The problem, with the whole file that says the same as all variables that describe tables. */
export function explainReplaced(environment: NodeJS.ProcessEnv): string {
  const ofOneTable = Object.values(ONE_TABLE)
    .map(({ name }) => name)
    .filter((name) => givenText(environment, name) !== undefined);
  const names = [...replacedVariables(environment), ...ofOneTable];
  const targets = targetNames(environment, ofOneTable.length > 0);
  const file = stringify(
    { targets: Object.fromEntries(targets.map((name) => [name, entryOf(environment, name)])) },
    { lineWidth: 0 },
  );
  return (
    `${names.join(', ')}: several tables are described in a file now. Unset these variables, and ` +
    `write this to ${DEFAULT_FILE}:\n\n${file.replaceAll(/^(?=.)/gm, '    ')}`
  );
}

function targetNames(environment: NodeJS.ProcessEnv, hasDefault: boolean): readonly string[] {
  const listed = (givenText(environment, LIST) ?? (hasDefault ? DEFAULT_TARGET : ''))
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const described = replacedVariables(environment).flatMap((variable) => {
    const [, name] = OF_A_TARGET.exec(variable) ?? [];
    return name === undefined || listed.some((target) => variablePart(target) === name)
      ? []
      : [name.toLowerCase()];
  });
  return [...new Set([...listed, ...described])];
}

function entryOf(environment: NodeJS.ProcessEnv, target: string): object {
  const isDefault = target === DEFAULT_TARGET;
  const prefix = isDefault ? PREFIX : `${PREFIX}${variablePart(target)}_`;
  const value = (key: string): string | undefined => givenText(environment, `${prefix}${key}`);
  return {
    table: value('TABLE') ?? (isDefault ? DEFAULT_TARGET : undefined),
    expires: {
      column: value('EXPIRES_COLUMN') ?? ONE_TABLE.expiresColumn.default,
      type: value('EXPIRES_TYPE'),
    },
    timeZone: value('TIME_ZONE'),
    cascade: value('CASCADE'),
  };
}

function variablePart(target: string): string {
  return target.toUpperCase().replaceAll('-', '_');
}
