import type { EntityManager } from '@mikro-orm/postgresql';
import { allOf, type SqlFragment } from '../database/sql-fragment.ts';
import { ask, ASKING, type LocalSettings } from '../database/transaction.ts';
import { expirySettings } from './expiry.ts';
import type { Range, Route } from './route.ts';
import type { Target } from './target.ts';

/** The index is read so many chunks ahead at once, which costs less than looking for the end of each. */
const CHUNKS_AHEAD = 8;

/** A chunk is made of so many pieces when the index is read, so that the next ones may be of another size. */
const PIECES = 8;

/** Ends of pieces that lie ahead, in order. */
interface Ahead {
  /** Where the first piece begins; undefined: nothing has been read yet. */
  readonly from: string | undefined;
  readonly ends: readonly string[];
  /** Rows in each piece, when it was read. */
  readonly rows: number;
  /** True when the last piece ends the way. */
  readonly isAll: boolean;
}

/**
 * The way for a small remainder: in order of the indexed expiry, each stretch beginning after the
 * last one's end. The watermark matters: "the first N, again and again" would step over every entry
 * that it has itself deleted, and turn quadratic.
 *
 * A stretch is cut at the expiry of its last row and so takes all rows that share it.
 */
export function drainRoute(target: Target, bound: string): Route {
  const { column, sqlType } = target.expiry;
  const settings: LocalSettings = { enable_seqscan: 'off', jit: 'off' };
  let ahead: Ahead = { from: undefined, ends: [], rows: 0, isAll: false };

  const within = ({ from, to }: Range): SqlFragment => {
    const upTo = { sql: `${column} <= ?::${sqlType}`, params: [to] };
    return from === '' ? upTo : allOf({ sql: `${column} > ?::${sqlType}`, params: [from] }, upTo);
  };

  // As JSON an instant is written in ISO 8601 with all its microseconds, whatever the session's date
  // style; a JavaScript Date would lose three digits and with them rows.
  const asText = `to_jsonb(${column}) #>> '{}'`;

  const askTable = async <Answer extends object>(
    em: EntityManager,
    sql: string,
    params: readonly unknown[],
  ): Promise<Answer | undefined> => {
    const asking = { ...ASKING, ...expirySettings(target.expiry), ...settings };
    return (await ask<Answer>(em, asking, { sql, params }))[0];
  };

  const readAhead = async (em: EntityManager, from: string, size: number): Promise<Ahead> => {
    const rows = Math.ceil(size / PIECES);
    const most = rows * PIECES * CHUNKS_AHEAD;
    const rest = within({ from, to: bound });
    const answer = await askTable<{ ends: readonly string[] | null; count: number }>(
      em,
      `select json_agg(${asText} order by place) filter (where place % ? = 0) as ends, count(*)::int as count
       from (select ${column}, row_number() over (order by ${column}) as place
         from ${target.table} where ${rest.sql} order by ${column} limit ?) as next`,
      [rows, ...rest.params, most],
    );
    const { ends = null, count = 0 } = answer ?? {};
    const isAll = count < most;
    return {
      from,
      // Rows that share one expiry may end several pieces.
      ends: [...new Set([...(ends ?? []), ...(isAll && count > 0 ? [bound] : [])])],
      rows,
      isAll,
    };
  };

  return {
    way: 'drain',
    start: '',
    end: undefined,
    positionType: sqlType,
    bounds: { initial: 1_000, smallest: 50, largest: 50_000 },
    settings,
    within,

    async cut(em, from, size) {
      if (from === bound) return null;
      const isRead = ahead.from === from && ahead.ends.length > 0 && ahead.rows <= size;
      if (!isRead) ahead = await readAhead(em, from, size);
      const count = Math.max(Math.floor(size / ahead.rows), 1);
      const to = ahead.ends[Math.min(count, ahead.ends.length) - 1];
      if (to === undefined) return null;
      ahead = { ...ahead, from: to, ends: ahead.ends.slice(count) };
      return { from, to };
    },

    async halve(em, range) {
      const rows = within(range);
      // The middle row's expiry, or the last one before the end's if most rows share that.
      const middle = await askTable<{ at: string | null }>(
        em,
        `with stretch as (select ${column} as expiry from ${target.table} where ${rows.sql}),
         middle as (select expiry from stretch order by expiry offset (select count(*) / 2 from stretch) limit 1)
         select (select to_jsonb(max(expiry)) #>> '{}' from stretch
           where expiry < ?::${sqlType} and expiry <= (select expiry from middle)) as at`,
        [...rows.params, range.to],
      );
      const at = middle?.at ?? null;
      return at === null
        ? null
        : [
            { from: range.from, to: at },
            { from: at, to: range.to },
          ];
    },

    remaining: (from) =>
      ahead.isAll && ahead.from === from ? ahead.ends.length * ahead.rows : undefined,
    // Expiries stay what they are, wherever their rows lie.
    isOutdated: () => Promise.resolve(false),

    fraction: () => undefined,
  };
}
