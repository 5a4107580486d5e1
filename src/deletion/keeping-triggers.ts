import type { EntityManager } from '@mikro-orm/postgresql';
import { ask } from '../database/transaction.ts';
import type { Target } from '../targets/target.ts';

/** Triggers that can keep a row from being deleted without an error. */
export interface KeptBy {
  readonly isPossible: boolean;
  /** Undefined where several triggers can do so. */
  readonly trigger: string | undefined;
}

/** Asks for enabled BEFORE DELETE row triggers: one that returns NULL keeps its row. */
export async function findKeptBy(em: EntityManager, target: Target): Promise<KeptBy> {
  // Bits of tgtype: 1 each row, 2 before, 8 delete.
  const triggers = await ask<{ name: string }>(
    em,
    {},
    {
      sql: `select tgname::text as name from pg_trigger
      where tgrelid = ?::oid and tgtype::int & 11 = 11 and tgenabled in ('O', 'A') limit 2`,
      params: [target.oid],
    },
  );
  return {
    isPossible: triggers.length > 0,
    trigger: triggers.length === 1 ? triggers[0]?.name : undefined,
  };
}
