#!/usr/bin/env node
// Starts the program on the Node that it needs. Plain JavaScript of any age, since it is what an old
// Node gets to read first.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The first Node that runs TypeScript without a word, and the first that is too new to be tested. */
const OLDEST = [24, 12];
const TOO_NEW_MAJOR = 25;

// A published package holds JavaScript only: Node strips no types below node_modules.
const source = new URL('../src/cli/main.ts', import.meta.url);
const program = existsSync(source) ? source : new URL('../dist/cli.js', import.meta.url);

if (isFit(process.versions.node)) {
  await import(program.href);
} else {
  const node = findNode();
  if (node === undefined) {
    console.error(
      `session-cleanup needs Node ${OLDEST.join('.')} or a later 24, and this is ${process.versions.node}. ` +
        'Run it by a Node of that version, or install the one that it brings along: npm ci',
    );
    process.exitCode = 1;
  } else {
    runBy(node);
  }
}

/** @param {string} version */
function isFit(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return (
    major < TOO_NEW_MAJOR &&
    (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
  );
}

/** The Node that npm installs beside us, in a checkout or where somebody depends on it. */
function findNode() {
  try {
    const path = createRequire(import.meta.url).resolve('node/bin/node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} node */
function runBy(node) {
  const child = spawn(node, [fileURLToPath(program), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to both of us; other signals reach only this process. Either way the
  // child decides when it has ended.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  child.on('error', (error) => {
    console.error(`session-cleanup could not start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0);
  });
}
