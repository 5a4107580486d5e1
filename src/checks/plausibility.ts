import type { EntityManager } from '@mikro-orm/postgresql';
import { assignment, settingOf } from '../config/setting-of.ts';
import { DELETION } from '../config/settings.ts';
import { allOf } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { countBlocks, sampleOf } from '../targets/count-rows.ts';
import { asInstant, type ExpiryColumn } from '../targets/expiry.ts';
import { sentinelsOf } from '../targets/sentinels.ts';
import { mayBeStart, mostStray } from '../targets/start-columns.ts';
import type { Target } from '../targets/target.ts';
import { ok, problem, warning, type Found } from './finding.ts';

/** Sessions last minutes to years. A median further away than this is a mistaken unit. Days. */
const FARTHEST_MEDIAN = 20 * 365;

/** Blocks of the table that are read, spread over all of it. */
const SAMPLED_BLOCKS = 100;

/** Fewer values than this show nothing about a column. */
const FEWEST_VALUES = 20;

interface Sample {
  /** Values that are neither NULL, nor unreadable, nor well-known ones. */
  readonly values: number;
  /** All rows of the sample. */
  readonly rows: number;
  /** Distance of the median from now; negative: past. Days, as text, which no setting rounds. */
  readonly median: string | null;
  /** Values that lie in the future. */
  readonly future: number;
}

/**
 * Checks that the values in the columns of the expiry mean what the configuration says. Seconds taken for milliseconds
 * lie in January 1970, milliseconds taken for seconds tens of thousands of years ahead: the first mistake would remove
 * every live session. Well-known values such as 0 do not count.
 */
export async function checkPlausibility(
  em: EntityManager,
  target: Target,
): Promise<readonly Found[]> {
  if (target.expiryColumns.length === 0) {
    return [ok('rows that meet the conditions expire at once, whatever their age')];
  }
  const found: Found[] = [];
  for (const column of target.expiryColumns) found.push(await checkColumn(em, target, column));
  return found;
}

async function checkColumn(
  em: EntityManager,
  target: Target,
  expiry: ExpiryColumn,
): Promise<Found> {
  const { type, column } = expiry;
  const sample = await readSample(em, target, expiry);
  const remedy = `Check that ${settingOf(target.config, 'expires.column')} names the column that holds the expiry.`;
  if (sample.rows === 0) return ok(`the target has no rows, so nothing shows what ${column} holds`);
  if (sample.values === 0) {
    return warning(
      `${column} holds no value by which ${type} could be judged: only NULL, unreadable or well-known values such as 0`,
      remedy,
    );
  }
  const days = Number(sample.median ?? 0);
  if (type.startsWith('epoch') && Math.abs(days) > FARTHEST_MEDIAN) {
    const other = type === 'epoch-seconds' ? 'epoch-milliseconds' : 'epoch-seconds';
    return problem(
      `${column} read as ${type} lies ${Math.round(Math.abs(days) / 365)} years ${days < 0 ? 'back' : 'ahead'}`,
      `If its values are ${other}, set ${assignment(target.config, 'expires.type', other)}. If they are right, set ` +
        `${DELETION.plausibility.name}=off.`,
    );
  }
  const isPast = sample.future <= mostStray(sample.values);
  if (mayBeStart(target) && isPast && sample.values >= FEWEST_VALUES) {
    return warning(
      `${column} holds ${sample.future === 0 ? 'no value' : 'hardly a value'} in the future: it may be the time of creation or of last use, and then live sessions would be deleted`,
      `If it is, set ${settingOf(target.config, 'expires.lifetime')} to the time that a session lives after it. If not, ` +
        'all sessions have expired, and nothing is wrong.',
    );
  }
  return ok(`${column} read as ${type} lies around today`);
}

/** Reads blocks spread over the whole table, so that a large table costs no more than a small one. */
async function readSample(
  em: EntityManager,
  target: Target,
  expiry: ExpiryColumn,
): Promise<Sample> {
  const { quotedTable } = target;
  const where = allOf(...target.where);
  const share = SAMPLED_BLOCKS / Math.max(await countBlocks(em, target), 1);
  const known = sentinelsOf({ ...target, expiryColumns: [expiry] })
    .map(({ sql }) => sql)
    .join(' or ');
  // Infinity is no distance.
  const finite = `nullif(nullif(${asInstant(expiry)}, 'infinity'), '-infinity')`;
  const [row] = await ask<Sample>(em, ASKING, {
    sql: `select count(days)::int4 as values, count(*)::int4 as rows,
        percentile_disc(0.5) within group (order by days)::numeric(20, 3)::text as median,
        count(*) filter (where days > 0)::int4 as future
      from (select case when not coalesce(${known}, false) then
          (extract(epoch from ${finite}) - extract(epoch from now())) / 86400 end as days
        from ${quotedTable}${share >= 1 ? '' : sampleOf(share)}${where.sql === '' ? '' : ` where ${where.sql}`}) as sample`,
    params: where.params,
  });
  return row ?? { values: 0, rows: 0, median: null, future: 0 };
}
