import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, inject, it } from 'vitest';

import { test as withFolder } from '../support/temporary-folder.ts';
import { startProgram, type CommandEnd } from './command-process.ts';

const NAME = 'temporal-session_cleanup';
const EXTENSION = fileURLToPath(new URL(`../../bin/${NAME}.js`, import.meta.url));

/** In place of the program: prints what the extension hands on. */
const ECHO = `
  const given = Object.entries(process.env).filter(([name]) => /^(TEMPORAL_(?!CONFIG)|SESSION_CLEANUP_)/.test(name));
  console.log(JSON.stringify({ args: process.argv.slice(2), env: Object.fromEntries(given) }));`;

/** Runs `temporal session-cleanup …` with an extension in this folder. */
async function temporal(
  folder: string,
  extension: string,
  args: readonly string[],
): Promise<CommandEnd> {
  // As npm installs it.
  symlinkSync(extension, path.join(folder, NAME));
  const search = [folder, path.dirname(process.execPath), process.env['PATH']];
  await using command = startProgram(inject('temporalCli'), ['session-cleanup', ...args], {
    PATH: search.join(path.delimiter),
  });
  return await command.ended;
}

const test = withFolder.extend('extension', ({ folder }): string => {
  const copy = path.join(folder, 'bin', `${NAME}.js`);
  mkdirSync(path.dirname(copy));
  copyFileSync(EXTENSION, copy);
  writeFileSync(path.join(folder, 'bin', 'session-cleanup.js'), ECHO);
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  return copy;
});

describe('temporal session-cleanup', () => {
  withFolder('runs the program with the settings of its flags', async ({ folder }) => {
    const args = ['config', '--namespace', 'shop', '-o', 'json', '--tls'];
    const { exitCode, stdout, stderr } = await temporal(folder, EXTENSION, args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toHaveProperty(
      'settings',
      expect.arrayContaining([
        { key: 'TEMPORAL_NAMESPACE', value: 'shop', from: 'environment' },
        { key: 'TEMPORAL_TLS', value: true, from: 'environment' },
      ]),
    );
  });

  test.for<[given: string, passed: string, variables?: NodeJS.ProcessEnv]>([
    ['status -o json', 'status --json'],
    ['schedule describe --output=jsonl', 'schedule describe --json'],
    ['status --output text', 'status'],
    ['status --output none', 'status'],
    ['init --output mine.yaml --force', 'init --force --output=mine.yaml'],
    ['status -n shop', 'status', { TEMPORAL_NAMESPACE: 'shop' }],
    ['run show --namespace=shop 4', 'run show 4', { TEMPORAL_NAMESPACE: 'shop' }],
    ['run list --tls --limit 4', 'run list --limit 4', { TEMPORAL_TLS: 'true' }],
    ['status --tls=false', 'status', { TEMPORAL_TLS: 'false' }],
    ['status --tls-ca-path a=b', 'status', { TEMPORAL_TLS_SERVER_CA_CERT_PATH: 'a=b' }],
    [
      'status --grpc-meta x-shop-id=4 --grpc-meta y=a=b',
      'status',
      { 'TEMPORAL_GRPC_META_x-shop-id': '4', TEMPORAL_GRPC_META_y: 'a=b' },
    ],
    ['worker --log-level warn', 'worker', { SESSION_CLEANUP_LOG_LEVEL: 'warn' }],
    ['worker --log-level never', 'worker', { SESSION_CLEANUP_LOG_LEVEL: 'silent' }],
    ['status --address a:1', 'status', { TEMPORAL_ADDRESS: 'a:1' }],
    ['health --address a:1', 'health --address a:1'],
    ['status --color never --no-json-shorthand-payloads --command-timeout 1m', 'status'],
    ['run pause --reason a=b', 'run pause --reason a=b'],
  ])('%s runs %s', async ([given, passed, variables], { folder, extension }) => {
    const { stdout } = await temporal(folder, extension, given.split(' '));
    expect(JSON.parse(stdout)).toEqual({ args: passed.split(' '), env: variables ?? {} });
  });

  test.for([
    ['--identity me', '--identity: not supported by session-cleanup. Leave it out.'],
    ['--disable-config-env', '--disable-config-env: not supported'],
    ['--grpc-meta secret', '--grpc-meta: the value is invalid. Allowed: KEY=VALUE.'],
    ['--namespace', '--namespace: a value is missing.'],
  ] as const)('status %s is refused', async ([given, message], { folder, extension }) => {
    const args = ['status', ...given.split(' ')];
    expect(await temporal(folder, extension, args)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining(message) as unknown,
    });
  });

  it('knows every flag that all commands of Temporal share', async () => {
    await using command = startProgram(inject('temporalCli'), ['options'], {});
    const { stdout } = await command.ended;
    const flags = Array.from(stdout.matchAll(/^ {2}(--[a-z-]+)/gm), ([, flag = '']) => flag);
    expect(flags.length).toBeGreaterThan(30);
    const source = readFileSync(EXTENSION, 'utf8');
    expect(flags.filter((flag) => !source.includes(`'${flag}': `))).toEqual([]);
  });
});
