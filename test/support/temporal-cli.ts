/** Temporal's own command line, as an operator uses it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { inject } from 'vitest';

import type { TestTemporal } from './test-namespace.ts';

/** Runs `temporal …` against a test's namespace and returns what it printed. */
export async function temporalCli(
  { address, namespace }: Pick<TestTemporal, 'address' | 'namespace'>,
  ...args: readonly string[]
): Promise<string> {
  const where = ['--address', address, '--namespace', namespace];
  const { stdout } = await promisify(execFile)(inject('temporalCli'), [...args, ...where], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
  return stdout;
}
