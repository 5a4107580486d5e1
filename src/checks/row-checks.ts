import type { EntityManager } from '@mikro-orm/postgresql';
import { targetSettings } from '../config/settings.ts';
import { countExpired } from '../targets/count-rows.ts';
import { expiredRowsOf } from '../targets/expired-rows.ts';
import type { Target } from '../targets/target.ts';
import type { Finding } from './finding.ts';

/** Time for counting before a sample is counted instead. Milliseconds. */
const COUNT_TIMEOUT = 10_000;

/**
 * Rows that never expire, often the reason why a table grows, and rows at values that many applications use for
 * "never", which would be deleted if they count as expired.
 */
export async function checkRows(em: EntityManager, target: Target): Promise<readonly Finding[]> {
  const doomed = await expiredRowsOf(em, target, { graceSeconds: 0 });
  const counts = await countExpired(em, doomed, COUNT_TIMEOUT);
  const { nullRows, unreadableRows, sentinels, expiredSentinels, isEstimate } = counts;
  const about = isEstimate ? 'about ' : '';
  const { column } = target.expiry;
  const found = { subject: target.name } as const;
  const parts = [
    ...(nullRows === 0 ? [] : [`${about}${nullRows} rows have no expiry (NULL)`]),
    ...(unreadableRows === 0
      ? []
      : [`${about}${unreadableRows} rows have one that cannot be read as an instant`]),
  ];
  const never: Finding =
    parts.length === 0
      ? {
          ...found,
          check: 'never-expire',
          level: 'ok',
          message: `every row of ${target.quotedTable} can expire`,
        }
      : {
          ...found,
          check: 'never-expire',
          level: unreadableRows === 0 ? 'ok' : 'warning',
          message: `${parts.join(', and ')}; they never expire`,
          ...(unreadableRows === 0 ? {} : { remedy: remedyFor(target) }),
        };
  const at = (rows: typeof sentinels): string =>
    rows.map(({ value, rows: number }) => `${about}${number} at ${value}`).join(', ');
  const known: Finding =
    expiredSentinels.length > 0
      ? {
          ...found,
          check: 'sentinels',
          level: 'warning',
          message: `${column} holds values that often mean "never" and count as expired: ${at(expiredSentinels)}`,
          remedy: 'If these rows must stay, set their expiry to NULL before the first run.',
        }
      : {
          ...found,
          check: 'sentinels',
          level: 'ok',
          message:
            sentinels.length === 0
              ? `no row is at a well-known value such as 0 or 1970-01-01`
              : `rows at well-known values never expire: ${at(sentinels)}`,
        };
  return [never, known];
}

function remedyFor({ name, expiry }: Target): string {
  const correct = `Correct the values in ${expiry.column}.`;
  return expiry.timeZone === undefined
    ? `Values without a zone cannot be read, since not every connection to the database gets UTC: set ${targetSettings(name).timeZone.name} to their zone. ${correct}`
    : correct;
}
