#!/usr/bin/env node
// Starts the program on the Node that it needs. Plain JavaScript of any age, since it is what an old
// Node gets to read first.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

import { findNode, isFit, remedy } from './node-version.js';

// A published package holds JavaScript only: Node strips no types below node_modules.
const source = new URL('../src/cli/main.ts', import.meta.url);
const program = existsSync(source) ? source : new URL('../dist/cli.js', import.meta.url);

if (isFit(process.versions.node)) {
  await import(program.href);
} else {
  const node = findNode();
  if (node === undefined) {
    console.error(remedy());
    process.exitCode = 1;
  } else {
    runBy(node);
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
