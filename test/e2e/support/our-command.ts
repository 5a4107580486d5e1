/** Our own command beside Temporal's, as one operator uses both. */
import { environmentFor, runCommand, runJson, type CommandEnd } from '../../cli/command-process.ts';
import type { Stage } from './scheduled-runs.ts';

/** Runs `session-cleanup …` on the test's database and namespace. */
export async function sessionCleanup(
  { database, temporal }: Stage,
  args: readonly string[],
  further: NodeJS.ProcessEnv = {},
): Promise<CommandEnd> {
  return await runCommand(args, { ...environmentFor(database, temporal), ...further });
}

/** The same with `--json`. */
export async function sessionCleanupJson(
  { database, temporal }: Stage,
  args: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly result: unknown }> {
  return await runJson(args, environmentFor(database, temporal));
}
