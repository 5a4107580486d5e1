import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadConfigWithoutDatabase } from '../../src/config/load-config.ts';
import { NOT_A_TARGET, PRESETS } from '../../src/config/presets.ts';
import { test } from '../support/temporary-folder.ts';
import { runCommand } from './command-process.ts';

describe('session-cleanup presets', () => {
  it('lists every preset with its table and rule, and what must not be cleaned', async () => {
    const { exitCode, stdout } = await runCommand(['presets']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^rails-sessions +sessions +30d after updated_at$/m);
    expect(stdout).toMatch(/^phoenix-email-changes .* where context begins with change:$/m);
    for (const name of [...Object.keys(PRESETS), ...Object.keys(NOT_A_TARGET)]) {
      expect(stdout).toContain(`\n${name} `);
    }
  });

  it('gives each preset as JSON', async () => {
    const { stdout } = await runCommand(['presets', '--json']);
    expect(JSON.parse(stdout)).toEqual(
      Object.entries(PRESETS).map(([name, { store, source, target, note }]) => ({
        name,
        table: target.table,
        rule: expect.any(String),
        store,
        source,
        target,
        ...(note === undefined ? {} : { note }),
      })),
    );
  });

  test('prints a file that cleans by the preset, and one without the preset that cleans the same', async ({
    folder,
  }) => {
    const { stdout } = await runCommand(['presets', 'keycloak-idle-offline-sessions']);
    const byPreset = readFile(folder, stdout);
    const byKeys = readFile(
      folder,
      stdout.replace(/^ +preset: .*\n.*\n/m, '').replaceAll(/^ {4}# /gm, '    '),
    );
    expect(byPreset).toMatchObject({ table: 'offline_user_session', graceSeconds: 600 });
    expect(byKeys).toEqual(byPreset);
  });

  it.each([
    ['keycloak-idle-session', 'Did you mean keycloak-idle-sessions?'],
    ['grafana', 'Did you mean grafana-idle-sessions or grafana-old-sessions?'],
    ['toString', '`session-cleanup presets` lists them.'],
  ])('refuses the unknown name %s', async (name, advice) => {
    const { exitCode, stdout, stderr } = await runCommand(['presets', name]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(advice);
  });
});

function readFile(folder: string, text: string): object | undefined {
  const file = path.join(folder, 'session-cleanup.yaml');
  writeFileSync(file, text);
  const [target] = loadConfigWithoutDatabase({ SESSION_CLEANUP_CONFIG: file }).targets;
  return target;
}
