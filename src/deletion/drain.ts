import type { EntityManager } from '@mikro-orm/postgresql';
import { allOf, type SqlFragment } from '../database/sql.ts';
import { ask, ASKING, isTimeout, type LocalSettings } from '../database/transaction.ts';
import type { Range, Route } from './route.ts';
import type { ExpiryColumn } from '../targets/expiry.ts';
import type { Target } from '../targets/target.ts';

/** The index is read so many chunks ahead at once, which costs less than looking for the end of each. */
const CHUNKS_AHEAD = 8;

/** A chunk is made of so many pieces when the index is read, so that the next ones may be of another size. */
const PIECES = 8;

/** Rows that share one expiry go in one chunk up to this number, even where a pace would ask for less. */
const FEW_ROWS = 50;

/** The end of a piece, and how many of the pieces read end at the same expiry. */
interface PieceEnd {
  readonly at: string;
  readonly times: number;
}

/** In rows. */
const BOUNDS = { initial: 1_000, smallest: 1, largest: 50_000 };

/** Ends of pieces that lie ahead, in order. */
interface Ahead {
  /** Where the first piece begins; undefined: nothing has been read yet. */
  readonly from: string | undefined;
  readonly ends: readonly PieceEnd[];
  /** Rows in each piece, when it was read. */
  readonly rows: number;
  /** True when the last piece ends the way. */
  readonly isAll: boolean;
  /** True when all that was read shares one expiry, and more rows may. */
  readonly isOpen: boolean;
}

/**
 * The way for a small remainder: in order of the indexed expiry, each range beginning after the
 * last one's end. The watermark matters: "the first N, again and again" would step over every entry
 * that it has itself deleted, and turn quadratic.
 *
 * A range is cut at the expiry of its last row and so takes all rows that share it; where those are more than a
 * chunk may take, the way ends.
 */
export function drainRoute(
  { oid, parent, quotedTable, never, where }: Target,
  { column, sqlType }: ExpiryColumn,
  bound: string,
): Route {
  const settings: LocalSettings = { enable_seqscan: 'off', jit: 'off' };
  let ahead: Ahead = { from: undefined, ends: [], rows: 0, isAll: false, isOpen: false };

  const within = ({ from, to }: Range): SqlFragment => {
    const upTo = { sql: `${column} operator(pg_catalog.<=) ?::${sqlType}`, params: [to] };
    return from === ''
      ? upTo
      : allOf({ sql: `${column} operator(pg_catalog.>) ?::${sqlType}`, params: [from] }, upTo);
  };

  /** The target's own rows of a range: pieces of others would delete nothing. */
  const rowsOf = (range: Range): SqlFragment => allOf(within(range), ...never, ...where);

  // As JSON an instant is written in ISO 8601 with all its microseconds, whatever the session's date
  // style; a JavaScript Date would lose three digits and with them rows.
  const asText = `to_jsonb(${column}) #>> '{}'`;

  const askTable = async <Answer extends object>(
    em: EntityManager,
    sql: string,
    params: readonly unknown[],
  ): Promise<Answer | undefined> => {
    const asking = { ...ASKING, ...settings };
    return (await ask<Answer>(em, asking, { sql, params }))[0];
  };

  const readAhead = async (em: EntityManager, from: string, size: number): Promise<Ahead> => {
    const rows = Math.ceil(size / PIECES);
    const most = rows * PIECES * CHUNKS_AHEAD;
    const rest = rowsOf({ from, to: bound });
    const answer = await askTable<{ ends: readonly string[] | null; count: number }>(
      em,
      `select json_agg(${asText} order by place) filter (where place % ? = 0) as ends, count(*)::int as count
       from (select ${column}, row_number() over (order by ${column}) as place
         from ${quotedTable} where ${rest.sql} order by ${column} limit ?) as next`,
      [rows, ...rest.params, most],
    );
    const { ends = null, count = 0 } = answer ?? {};
    const isAll = count < most;
    const distinct: PieceEnd[] = [];
    for (const at of [...(ends ?? []), ...(isAll && count > 0 ? [bound] : [])]) {
      const last = distinct.at(-1);
      if (last?.at === at) distinct.splice(-1, 1, { at, times: last.times + 1 });
      else distinct.push({ at, times: 1 });
    }
    // More rows may follow that share the last expiry, so that piece is read again with those.
    const isOpen = !isAll && distinct.length === 1;
    return { from, ends: isAll || isOpen ? distinct : distinct.slice(0, -1), rows, isAll, isOpen };
  };

  /** Whether more than `most` rows share the expiry of a piece; asks only where the reading ended within them. */
  const isTooMany = async (em: EntityManager, piece: PieceEnd, most: number): Promise<boolean> => {
    if (!ahead.isOpen) return (piece.times - 1) * ahead.rows >= most;
    const same = { sql: `${column} operator(pg_catalog.=) ?::${sqlType}`, params: [piece.at] };
    const rows = allOf(same, ...never, ...where);
    const answer = await askTable<{ count: number }>(
      em,
      `select count(*)::int as count from (select from ${quotedTable} where ${rows.sql} limit ?) as same`,
      [...rows.params, most + 1],
    );
    return (answer?.count ?? 0) > most;
  };

  return {
    way: 'drain',
    leaf: parent && oid,
    start: '',
    end: undefined,
    bounds: BOUNDS,
    settings,
    within,

    async cut(em, from, size, mostRows = BOUNDS.largest) {
      if (from === bound) return null;
      const isRead = ahead.from === from && ahead.ends.length > 0 && ahead.rows <= size;
      try {
        if (!isRead) ahead = await readAhead(em, from, size);
        const taken: PieceEnd[] = [];
        let room = size;
        for (const piece of ahead.ends) {
          room -= piece.times * ahead.rows;
          if (taken.length > 0 && room < 0) break;
          if (await isTooMany(em, piece, Math.max(mostRows, FEW_ROWS))) {
            if (taken.length === 0) return 'indivisible';
            break;
          }
          taken.push(piece);
        }
        const to = taken.at(-1);
        if (to === undefined) return null;
        ahead = { ...ahead, from: to.at, ends: ahead.ends.slice(taken.length) };
        return { from, to: to.at };
      } catch (error) {
        // Too many dead entries of the index to read past: the sweep meets none.
        if (isTimeout(error)) return 'indivisible';
        throw error;
      }
    },

    head: () => Promise.resolve(null),

    async divide(em, range) {
      const rows = rowsOf(range);
      // The middle row's expiry, or the last one before the end's if most rows share that.
      const middle = await askTable<{ at: string | null; before: string; after: string }>(
        em,
        `with span as (select ${column} as expiry from ${quotedTable} where ${rows.sql}),
         middle as (select expiry from span order by expiry
           offset (select greatest(count(*) - 1, 0) / 2 from span) limit 1),
         cut as (select max(expiry) as at from span where expiry < ?::${sqlType} and expiry <= (select expiry from middle))
         select (select to_jsonb(at) #>> '{}' from cut) as at,
           count(*) filter (where expiry <= (select at from cut)) as before,
           count(*) filter (where (expiry <= (select at from cut)) is not true) as after from span`,
        [...rows.params, range.to],
      ).catch((error: unknown) => {
        if (isTimeout(error)) return undefined;
        throw error;
      });
      if (middle === undefined) return null;
      const { at } = middle;
      const [before, after] = [Number(middle.before), Number(middle.after)];
      if (before + after <= 1) return 'single';
      if (at === null) return null;
      return [
        { from: range.from, to: at, isSingle: before === 1 },
        { from: at, to: range.to, isSingle: after === 1 },
      ];
    },

    lengthOf: () => undefined,
    sizeOf: (rows) => Math.max(Math.floor(rows), 1),
    rowsIn: (size) => size,
    remaining: (from) =>
      ahead.isAll && ahead.from === from
        ? ahead.ends.reduce((sum, { times }) => sum + times * ahead.rows, 0)
        : undefined,
    // Expiries stay what they are, wherever their rows lie.
    isOutdated: () => Promise.resolve(false),

    fraction: () => undefined,
  };
}
