import type { EntityManager } from '@mikro-orm/postgresql';
import { ask, ASKING } from '../database/transaction.ts';
import { asInstant } from '../deletion/expiry.ts';
import type { Target } from '../deletion/target.ts';
import { targetSettings } from '../config/settings.ts';
import type { Finding } from './finding.ts';

/** Sessions last minutes to years. A median further away than this is a mistaken unit. Days. */
const FARTHEST_MEDIAN = 20 * 365;

/** Rows that are looked at; a sample by blocks, so that a large table costs no more than a small one. */
const SAMPLE = 2_000;

/**
 * Whether numbers in the expiry column mean what the configuration says: seconds taken for
 * milliseconds lie in January 1970, milliseconds taken for seconds ten thousands of years ahead. The
 * first kind of mistake would remove every live session.
 */
export async function checkPlausibility(em: EntityManager, target: Target): Promise<Finding> {
  const found = { check: 'expiry-unit', subject: target.name } as const;
  const { type, column } = target.expiry;
  if (!type.startsWith('epoch')) {
    return { ...found, level: 'ok', message: `${column} holds ${type}` };
  }
  const days = await medianDistance(em, target);
  if (days === undefined) {
    return { ...found, level: 'ok', message: `${column} holds no value to judge ${type} by` };
  }
  if (Math.abs(days) <= FARTHEST_MEDIAN) {
    return { ...found, level: 'ok', message: `${column} read as ${type} lies around today` };
  }
  const other = type === 'epoch-seconds' ? 'epoch-milliseconds' : 'epoch-seconds';
  const setting = targetSettings(target.name).expiresType.name;
  return {
    ...found,
    level: 'error',
    message: `${column} read as ${type} lies ${Math.round(Math.abs(days) / 365)} years ${days < 0 ? 'back' : 'ahead'}`,
    remedy: `If its values are ${other}, set ${setting}=${other}.`,
  };
}

/** Of the sample's median from now, in days; negative: past. Undefined for an empty table. */
async function medianDistance(em: EntityManager, target: Target): Promise<number | undefined> {
  const { expiry, table } = target;
  const rows = await ask<{ median: number | null }>(em, ASKING, {
    sql: `select percentile_cont(0.5) within group (order by days) as median from (
         select least(greatest(extract(epoch from ${asInstant(expiry)} - now()) / 86400, -1e9), 1e9)::float8 as days
         from ${table} where ${expiry.column} is not null and ${readable(target)} limit ${SAMPLE}) as sample`,
    params: [],
  });
  return rows[0]?.median ?? undefined;
}

/** What `to_timestamp` can take; beyond that a value is as good as infinite. */
function readable({ expiry }: Target): string {
  const most = expiry.type === 'epoch-seconds' ? '9e12' : '9e15';
  return `abs(${expiry.column}::float8) < ${most}`;
}
