import type { EntityManager } from '@mikro-orm/postgresql';
import { quoteName } from '../database/sql.ts';
import { ask } from '../database/transaction.ts';
import type { Finding } from './finding.ts';

/**
 * The statement that lets a role see what others do on the server, which it needs to hold back for
 * them. Source: https://www.postgresql.org/docs/current/predefined-roles.html
 */
export function viewOfOthersGrant(role: string): string {
  return `GRANT pg_read_all_stats TO ${quoteName(role)};`;
}

/** Whether the connected role sees what others do; without that it works, and holds back for nobody. */
export async function checkViewOfOthers(em: EntityManager): Promise<Finding> {
  const [who] = await ask<{ role: string; sees: boolean }>(
    em,
    {},
    {
      sql: `select current_user::text as role, pg_has_role('pg_read_all_stats', 'usage') as sees`,
      params: [],
    },
  );
  const check = 'view-of-others';
  if (who?.sees === true) {
    return { check, level: 'ok', message: 'sees replicas, waits and work of others' };
  }
  return {
    check,
    level: 'warning',
    message:
      'this role does not see what others do: the clean-up holds back neither for their work and ' +
      'waits, nor for old transactions, nor for replicas that fall behind',
    remedy: viewOfOthersGrant(who?.role ?? ''),
  };
}
