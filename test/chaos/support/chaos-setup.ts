/** Prepares a run of the chaos tests: its seed, and the workflow's code for its many workers. */
import { randomInt } from 'node:crypto';

import type { TestProject } from 'vitest/node';

import { prebuildWorkflow } from '../../support/prebuilt-workflow.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** From which all that is random in the chaos tests follows. */
    readonly chaosSeed: number;
  }
}

/** Environment variable that names the seed; `npm run test:chaos -- --seed N` sets it. */
const SEED_VARIABLE = 'CHAOS_SEED';

export function setup(project: TestProject): void {
  const given = process.env[SEED_VARIABLE];
  const seed = given === undefined ? randomInt(1, 1_000_000) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`${SEED_VARIABLE} is no whole number: ${given}`);
  console.log(
    `Chaos tests with seed ${seed}; "npm run test:chaos -- --seed ${seed}" repeats them.`,
  );
  project.provide('chaosSeed', seed);
  prebuildWorkflow();
}
