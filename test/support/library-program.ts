/** A program in another language that has a session library at work. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import type { SessionStore } from '../../scripts/dev/stores/session-store.ts';

/**
 * Starts a program that creates the library's tables, writes `ready`, and then answers each line: `write <instant>`
 * with the id of a new session, `accepts <id>` with `true` or `false`. It ends with its input.
 *
 * @param env - with `DATABASE_URL`
 */
export async function openProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<SessionStore> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  // The end of the output says what went wrong.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done !== true) return line.value;
    await ended;
    throw new Error(`${program} ${args.join(' ')} ended by itself:\n${errors}`);
  };
  const ask = async (question: string): Promise<string> => {
    child.stdin.write(`${question}\n`);
    return await nextLine();
  };
  const first = await nextLine();
  if (first !== 'ready') throw new Error(`${program} wrote "${first}" instead of "ready".`);
  return {
    write: async (expires) => await ask(`write ${expires.toISOString()}`),
    accepts: async (id) => (await ask(`accepts ${id}`)) === 'true',
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
