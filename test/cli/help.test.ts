import { describe, expect, it } from 'vitest';

import { settingsReference } from '../../src/config/settings.ts';
import { runCommand } from './command-process.ts';

const COMMANDS: readonly (readonly [command: string, ...flags: readonly string[]])[] = [
  ['worker'],
  ['schedule apply', '--check', '--json'],
  ['schedule describe', '--json'],
  ['schedule pause', '--reason <text>', '--json'],
  ['schedule unpause', '--reason <text>', '--json'],
  ['schedule trigger', '--json'],
  ['schedule backfill', '--from <instant>', '--to <instant>', '--overlap <policy>', '--json'],
  ['schedule delete', '--json'],
  ['run start', '--cutoff <instant>', '--dry-run', '--no-wait', '--json'],
  ['init', '--output <file>', '--print', '--force', '--json'],
  ['preview', '--json'],
  ['migrate', '--json'],
  ['status', '--json'],
  ['presets', '--json'],
  ['config', '--check <file>', '--json'],
];

describe('the help', () => {
  it.concurrent.each(COMMANDS)(
    'of %s lists flags, environment, examples and exit codes',
    async (command, ...flags) => {
      const { exitCode, stdout } = await runCommand([...command.split(' '), '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: session-cleanup ${command}`));
      expect(stdout).toMatch(/^(Environment|Temporal's own environment)/m);
      expect(stdout).toMatch(
        new RegExp(`^Examples:\\n  # .*\\n  (\\w+=\\S+ )*session-cleanup ${command}`, 'm'),
      );
      expect(stdout).toMatch(/^Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /m);
      for (const flag of flags) expect(stdout).toContain(flag);
    },
  );

  it('of the whole program fits a screen, and names every command', async () => {
    const { exitCode, stdout } = await runCommand(['--help']);
    expect(exitCode).toBe(0);
    for (const [command] of COMMANDS) expect(stdout).toContain(`\n  ${command.split(' ')[0]}`);
    for (const name of ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'session-cleanup help settings']) {
      expect(stdout).toContain(name);
    }
    expect(stdout.split('\n').length).toBeLessThan(60);
  });

  it('of the settings lists every one of them', async () => {
    const { exitCode, stdout } = await runCommand(['help', 'settings']);
    expect(exitCode).toBe(0);
    for (const { name } of settingsReference()) expect(stdout).toContain(`\n  ${name} (`);
    expect(stdout).toContain('TEMPORAL_ADDRESS');
  });

  it.concurrent.each([
    [['help', 'run', 'start'], 'Usage: session-cleanup run start'],
    [['run', 'help', 'start'], 'Usage: session-cleanup run start'],
    [['help'], 'Usage: session-cleanup [options] [command]'],
  ])('%j is the help of a command', async (args, usage) => {
    const { exitCode, stdout } = await runCommand(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining(usage) });
  });

  it.concurrent.each([
    [['help', 'nope'], 'unknown command "nope". Known: worker, '],
    [['help', 'stauts'], 'unknown command "stauts". Did you mean status?'],
    [['schedule', 'help', 'puase'], 'unknown command "puase". Did you mean pause?'],
  ])('%j is refused in one line', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCommand(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('is plain text when it does not go to a terminal', async () => {
    const { stdout } = await runCommand(['--help']);
    expect(stdout).not.toContain('\u001B');
  });
});

it('prints its version', async () => {
  expect(await runCommand(['--version'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
  });
});
