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

import { runScript, scriptCommand, wholeNumber } from './options.ts';

interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly short?: true;
}

await runScript(async () => {
  const command = scriptCommand('npm run test:chaos --')
    .description('Runs the chaos tests in their full form.')
    .argument('[path...]', 'only test files whose path contains one of these')
    .option(
      '--seed <number>',
      'seed of the first run',
      wholeNumber(0, 999_999_999),
      Math.floor(Math.random() * 1e6),
    )
    .option(
      '--minutes <count>',
      'repeat for so long, each time with the next seed',
      wholeNumber(0, 999_999_999),
      0,
    )
    .option('--short', 'the short form, as in the gate')
    .parse(process.argv.slice(2), { from: 'user' });
  process.exitCode = await runRepeatedly(command.opts(), command.args);
});

/** Runs once, and then again until the time is over or something fails. Returns the exit code. */
async function runRepeatedly(options: ChaosOptions, paths: readonly string[]): Promise<number> {
  const end = Date.now() + options.minutes * 60_000;
  for (let { seed } = options; ; seed += 1) {
    const code = await runOnce(seed, options.short === true, paths);
    if (code !== 0 || Date.now() >= end) return code;
  }
}

async function runOnce(seed: number, isShort: boolean, paths: readonly string[]): Promise<number> {
  const vitest = path.join(
    path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
    'vitest.mjs',
  );
  const projects = ['--project', 'chaos', '--project', 'races'];
  const child = spawn(
    process.execPath,
    [vitest, 'run', ...projects, '--reporter=verbose', ...paths],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        CHAOS_SEED: String(seed),
        CHAOS_FORM: isShort ? 'short' : 'full',
      },
    },
  );
  const [code]: unknown[] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}
