/**
 * The JSON Schema of the configuration file, with which editors complete it. `npm run docs` writes it anew.
 */
import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { PRESETS } from '../../src/config/presets.ts';
import { configFile, targetEntry } from '../../src/config/target-entry.ts';

const FILE = 'session-cleanup.schema.json';

const schema = z.toJSONSchema(configFile, {
  target: 'draft-7',
  io: 'input',
  override: ({ zodSchema, jsonSchema }) => {
    // Editors suggest the names; a message about an unknown one comes from the loader.
    if (zodSchema === targetEntry.shape.preset.unwrap()) jsonSchema.enum = Object.keys(PRESETS);
  },
});
const accepts = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

test('the published JSON Schema is the one that the code gives', async () => {
  const text = await format(JSON.stringify({ ...schema, title: 'session-cleanup.yaml' }), {
    ...(await resolveConfig(FILE)),
    parser: 'json',
  });
  await expect(text).toMatchFileSnapshot(`../../${FILE}`);
});

test('it accepts the example of the documentation', () => {
  const example: unknown = parse(readFileSync('test/unit/fixtures/session-cleanup.yaml', 'utf8'));
  expect({ accepted: accepts(example), errors: accepts.errors }).toEqual({
    accepted: true,
    errors: null,
  });
});

describe('it refuses', () => {
  test.for([
    '{}',
    'targets: {}',
    'targets: { Web: { table: t } }',
    'targets: { web: { tabel: t } }',
    'targets: { web: { table: 7 } }',
    'targets: { web: { expires: immediatly } }',
    'targets: { web: { expires: { colum: a } } }',
    'targets: { web: { expires: { column: a, type: epoch } } }',
    'targets: { web: { expires: { column: a, lifetime: 30 } } }',
    'targets: { web: { expires: { column: a, lifetime: 30 days } } }',
    'targets: { web: { expires: { latestOf: [] } } }',
    'targets: { web: { where: {} } }',
    'targets: { web: { preset: nope } }',
    'targets: { web: { where: { a: { above: [1] } } } }',
    'targets: { web: { where: { a: { not: { nto: 1 } } } } }',
    'targets: { web: { partitions: detach } }',
    'databases: { a: { url: postgres://db/shop } }',
  ])('%s', (text) => {
    expect(accepts(parse(text))).toBe(false);
  });
});

test.for(Object.entries(PRESETS))('the preset %s has the shape of a target', ([, { target }]) => {
  expect(targetEntry.parse(target)).toEqual(target);
});
