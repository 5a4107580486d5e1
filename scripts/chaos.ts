/** `npm run test:chaos`: the chaos tests in their full form. See `npm run test:chaos -- --help`. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

import { EXIT } from '../src/cli/errors.ts';
import { runScript, scriptCommand, wholeNumber } from './options.ts';

await runScript(async () => {
  const command = scriptCommand('npm run test:chaos --')
    .description(
      'Runs the chaos tests over 500,000 rows each: everything that a run depends on is killed, frozen, ' +
        'disconnected and filled up. Each run prints its seed.',
    )
    .argument('[file...]', 'only test files whose path contains one of these')
    .option(
      '--seed <number>',
      'repeat the run with this seed (default: random)',
      wholeNumber(0, 1e9),
    )
    .option('--minutes <number>', 'repeat with the next seed for this long', wholeNumber(0, 1e5), 0)
    .option('--short', 'the short form, with fewer rows', false)
    .parse(process.argv.slice(2), { from: 'user' });
  const { seed, minutes, short } = command.opts<{
    seed?: number;
    minutes: number;
    short: boolean;
  }>();
  const end = Date.now() + minutes * 60_000;
  let next = seed ?? Math.floor(Math.random() * 1e6);
  do {
    process.exitCode = runTests(command.args, {
      CHAOS_SEED: String(next),
      CHAOS_FORM: short ? 'short' : 'full',
    });
    next += 1;
  } while (process.exitCode === EXIT.done && Date.now() < end);
});

function runTests(files: readonly string[], env: NodeJS.ProcessEnv): number {
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
  const vitest = path.join(path.dirname(manifest), 'vitest.mjs');
  const projects = ['--project', 'chaos', '--project', 'races'];
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', ...projects, '--reporter=verbose', ...files],
    { stdio: 'inherit', env: { ...process.env, ...env } },
  );
  return status ?? EXIT.failed;
}
