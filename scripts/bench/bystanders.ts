/** Others who use the table while it is cleaned: a process of their own, so that nothing here slows them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Arena } from './arena.ts';
import type { Bystanding } from './measurement.ts';

/** What a connection does over and over. */
export type BystanderKind = keyof Bystanding;

/** Four connections, as the figures are defined for. */
export const FOUR_BYSTANDERS: readonly BystanderKind[] = ['renewal', 'renewal', 'read', 'insert'];

/** What the process is told at its start. */
export interface BystanderOrder {
  readonly url: string;
  readonly kinds: readonly BystanderKind[];
  readonly statements: Readonly<Record<BystanderKind, string>>;
  /** Query for the keys that renewals and reads go through. */
  readonly keys: string;
}

/** Bystanders at work. */
export interface Bystanders {
  /** From here on latencies count. */
  mark(): void;
  stop(): Promise<Bystanding>;
}

const PROGRAM = fileURLToPath(new URL('./bystander-process.ts', import.meta.url));

/** Starts them and waits until all are at work. */
export async function watchBystanders(
  { url, shape }: Arena,
  kinds: readonly BystanderKind[],
): Promise<Bystanders> {
  const order: BystanderOrder = {
    url,
    kinds,
    statements: {
      // As an application's "touch" does it: by key, whatever the expiry was. The rows that a long
      // DELETE has marked are the ones it must wait for.
      renewal: `update ${shape.table} set ${shape.expiry} = now() + interval '14 days' where ${shape.key} = $1`,
      read: `select * from ${shape.table} where ${shape.key} = $1`,
      insert: shape.insert,
    },
    keys: `select ${shape.key}::text as key from ${shape.table} tablesample system (1)`,
  };
  const child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The bystanders ended by themselves (exit code ${String(code)}).`);
  });
  failed.catch(() => undefined);
  const answer = async (): Promise<unknown> => {
    const [message]: unknown[] = await Promise.race([once(child, 'message'), failed]);
    return message;
  };
  child.send(order);
  await answer();
  return {
    mark: () => {
      child.send('mark');
    },
    stop: async () => {
      child.send('stop');
      return asBystanding(await answer());
    },
  };
}

function asBystanding(message: unknown): Bystanding {
  if (isBystanding(message)) return message;
  throw new TypeError('The bystanders told something else than latencies.');
}

function isBystanding(message: unknown): message is Bystanding {
  return (
    typeof message === 'object' &&
    message !== null &&
    ['renewal', 'read', 'insert'].every((kind) => kind in message)
  );
}
