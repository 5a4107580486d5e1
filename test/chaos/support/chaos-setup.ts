/** Prepares a run of the chaos tests: its seed, and the workflow's code for its many workers. */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import type { TestProject } from 'vitest/node';

import { workflowCode } from '../../../src/temporal/workflow-code.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** From which all that is random in the chaos tests follows. */
    readonly chaosSeed: number;
  }
}

/** Environment variable that names the seed; `npm run test:chaos -- --seed N` sets it. */
const SEED_VARIABLE = 'CHAOS_SEED';

const BUNDLE_SCRIPT = fileURLToPath(new URL('../../../scripts/bundle.ts', import.meta.url));

export function setup(project: TestProject): void {
  const given = process.env[SEED_VARIABLE];
  const seed = given === undefined ? randomInt(1, 1_000_000) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`${SEED_VARIABLE} is no whole number: ${given}`);
  console.log(
    `Chaos tests with seed ${seed}; "npm run test:chaos -- --seed ${seed}" repeats them.`,
  );
  project.provide('chaosSeed', seed);
  // Without it every worker would bundle for itself, which takes longer than all the rest of its start.
  if ('workflowsPath' in workflowCode()) execFileSync(process.execPath, [BUNDLE_SCRIPT]);
}
