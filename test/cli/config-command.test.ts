import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect } from 'vitest';

import { test } from '../support/temporary-folder.ts';
import { runCommand, runJson } from './command-process.ts';

const FILE = `defaults: { grace: 1h }
targets:
  web:
    preset: connect-pg-simple
    expires: { timeZone: UTC }
`;

describe('session-cleanup config', () => {
  test('shows each value and where it comes from, without secrets', async ({ folder }) => {
    const file = path.join(folder, 'c.yaml');
    writeFileSync(file, FILE);
    const environment = {
      DATABASE_URL: 'postgres://app:hunter2@db/shop',
      TEMPORAL_API_KEY: 'hunter2',
      SESSION_CLEANUP_CONFIG: file,
      SESSION_CLEANUP_APPROVAL: '50%',
    };
    const { exitCode, result } = await runJson(['config'], environment);
    expect({ exitCode, result }).toEqual({
      exitCode: 0,
      result: { file, settings: expect.any(Array) as unknown },
    });
    expect(result).toHaveProperty(
      'settings',
      expect.arrayContaining([
        { key: 'targets.web.preset', value: 'connect-pg-simple', from: `${file}:4` },
        { key: 'targets.web.table', value: 'session', from: 'preset connect-pg-simple' },
        { key: 'targets.web.timeZone', value: 'UTC', from: `${file}:5` },
        { key: 'targets.web.grace', value: '1h', from: `${file}:1` },
        { key: 'targets.web.approval', value: '50%', from: 'SESSION_CLEANUP_APPROVAL' },
        { key: 'targets.web.cascade', value: 'refuse', from: 'default' },
        { key: 'DATABASE_URL', value: 'postgres://app:***@db/shop', from: 'environment' },
        { key: 'SESSION_CLEANUP_LANES', value: '2', from: 'default' },
        { key: 'SESSION_CLEANUP_RUN_BUDGET', value: null, from: 'default' },
        { key: 'TEMPORAL_API_KEY', value: '***', from: 'environment' },
      ]),
    );
    const { stdout } = await runCommand(['config'], environment);
    expect(stdout).toMatch(/^targets\.web\.table +preset connect-pg-simple +session$/m);
    expect(stdout + JSON.stringify(result)).not.toContain('hunter2');
  });

  test('shows the variables of one table, and needs no database', async () => {
    const environment = { SESSION_CLEANUP_TABLE: 'auth.sessions' };
    const { exitCode, stdout } = await runCommand(['config'], environment);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^targets\.sessions\.table +SESSION_CLEANUP_TABLE +auth\.sessions$/m);
    expect(stdout).toMatch(/^targets\.sessions\.expires\.column +default +expires_at$/m);
  });

  test('exits with 2 when the configuration is invalid', async () => {
    const { exitCode, stderr } = await runCommand(['config'], { SESSION_CLEANUP_LANES: '99' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('SESSION_CLEANUP_LANES: "99"');
  });
});

describe('session-cleanup config --check', () => {
  test('accepts a valid file, whatever the other settings are', async ({ folder }) => {
    const file = path.join(folder, 'c.yaml');
    writeFileSync(file, FILE);
    const environment = { SESSION_CLEANUP_LANES: '99', SESSION_CLEANUP_TABLE: 'x' };
    expect(await runCommand(['config', '--check', file], environment)).toEqual({
      exitCode: 0,
      stdout: `${file}: valid: 1 target\n`,
      stderr: '',
    });
    expect(await runJson(['config', '--check', file], environment)).toEqual({
      exitCode: 0,
      result: { valid: true, targets: ['web'] },
    });
  });

  test('exits with 2 and all problems of an invalid file', async ({ folder }) => {
    const file = path.join(folder, 'c.yaml');
    writeFileSync(file, FILE.replace('1h', 'soon').replace('connect-pg-simple', 'nope'));
    const { exitCode, stdout, stderr } = await runCommand(['config', '--check', file]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`${file}:1:20: defaults.grace: `);
    expect(stderr).toContain(`${file}:4:13: targets.web.preset: `);
  });
});
