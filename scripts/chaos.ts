/**
 * The chaos tests in their full form: everything that a run depends on is killed, frozen, cut off and
 * filled up, over 500,000 rows each.
 *
 *   npm run test:chaos                       once, with a seed of its own, which it prints
 *   npm run test:chaos -- --seed 20261123    the same once more
 *   npm run test:chaos -- --minutes 120      again and again, a new seed each time
 *   npm run test:chaos -- worker-killed      only files whose path holds that
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const firstSeed = wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * 1e6)));
const minutes = wholeNumber('--minutes', values.minutes ?? '0');
const end = Date.now() + minutes * 60_000;

process.exitCode = await runUntil(end);

/** Runs once, and then again until the time is over or something fails. Returns the exit code. */
async function runUntil(end: number): Promise<number> {
  for (let seed = firstSeed; ; seed += 1) {
    const code = await runOnce(seed);
    if (code !== 0 || Date.now() >= end) return code;
  }
}

async function runOnce(seed: number): Promise<number> {
  const vitest = path.join(
    path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
    'vitest.mjs',
  );
  const projects = ['--project', 'chaos', '--project', 'races'];
  const child = spawn(
    process.execPath,
    [vitest, 'run', ...projects, '--reporter=verbose', ...positionals],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        CHAOS_SEED: String(seed),
        CHAOS_FORM: values.short ? 'short' : 'full',
      },
    },
  );
  const [code]: unknown[] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${name} is ${JSON.stringify(text)}, which is no whole number.`);
}
