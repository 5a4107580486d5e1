import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { test } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHIM = path.join(ROOT, 'bin/session-cleanup.js');

/** Loaded before the shim, makes this Node report an older version. */
const PRETEND_OLD = [
  '--import',
  'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})',
];

const run = promisify(execFile);

describe('bin/session-cleanup.js', () => {
  it('runs the program with a supported Node', async () => {
    const { stdout } = await run(process.execPath, [SHIM, '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('runs it with the Node package of the checkout if the current Node is too old', async () => {
    const { stdout } = await run(process.execPath, [...PRETEND_OLD, SHIM, '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('forwards arguments, output and exit code', async () => {
    const ended = run(process.execPath, [...PRETEND_OLD, SHIM, 'schedule', 'bogus']);
    await expect(ended).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown command 'bogus'") as unknown,
    });
  });

  test('forwards SIGTERM, and waits for the end', async ({ folder }) => {
    const shim = copyShim(folder, {
      'src/cli/main.ts': `
        process.on('SIGTERM', () => { console.log('stopping'); process.exit(3); });
        console.log('running');
        setInterval(() => {}, 1000);`,
      'node_modules/node/package.json': '{"name":"node"}',
      'node_modules/node/bin/node': `#!/bin/sh\nexec '${process.execPath}' "$@"\n`,
    });
    await run('chmod', ['+x', path.join(folder, 'node_modules/node/bin/node')]);
    const child = spawn(process.execPath, [...PRETEND_OLD, shim], { stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output === 'running\n') child.kill('SIGTERM');
    });
    await once(child, 'close');
    expect({ exitCode: child.exitCode, output }).toEqual({
      exitCode: 3,
      output: 'running\nstopping\n',
    });
  });

  test.for([
    [
      'a checkout without its packages',
      { 'src/cli/main.ts': '' },
      /Run "npm ci", which installs one in this checkout/,
    ],
    [
      'a checkout after npm ci --ignore-scripts',
      { 'src/cli/main.ts': '', 'node_modules/node/package.json': '{"name":"node"}' },
      /Run: npm rebuild node\./,
    ],
    [
      'an installed package',
      { 'dist/cli.js': '' },
      /needs Node 22\.17 .*Put such a Node first on the PATH: install Node 22 .*npm install node@22/,
    ],
  ] as const)(
    'names the Node it needs, and how to get it in %s',
    async ([, files, ways], { folder }) => {
      const shim = copyShim(folder, files);
      const ended = run(process.execPath, [...PRETEND_OLD, shim]);
      await expect(ended).rejects.toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/needs Node \d+\.\d+ or later; this is 20\.20\.2/) as unknown,
      });
      await expect(ended).rejects.toMatchObject({ stderr: expect.stringMatching(ways) as unknown });
    },
  );

  test('runs compiled JavaScript where there is no source', async ({ folder }) => {
    const shim = copyShim(folder, { 'dist/cli.js': 'console.log("compiled");' });
    expect(await run(process.execPath, [shim])).toMatchObject({ stdout: 'compiled\n' });
  });
});

describe('an npm script that runs TypeScript', () => {
  const manifest = readFileSync(path.join(ROOT, 'package.json'), 'utf8');
  const commands = Array.from(manifest.matchAll(/\bnode (\S.*?\.ts)\b/g), ([, args = '']) => args);

  it('exists for at least nine commands', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  it.for(commands)('ends with the remedy on an older Node: %s', async (command) => {
    const ended = run(process.execPath, [...PRETEND_OLD, ...command.split(' ')], { cwd: ROOT });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^session-cleanup needs Node 24\.12 .*\n$/) as unknown,
    });
  });
});

/** Puts the shim into a folder of its own, beside other files. */
function copyShim(folder: string, files: Readonly<Record<string, string>>): string {
  const shim = path.join(folder, 'bin', 'session-cleanup.js');
  cpSync(path.dirname(SHIM), path.dirname(shim), { recursive: true });
  for (const [name, content] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return shim;
}
