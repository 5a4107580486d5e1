import type { EntityManager } from '@mikro-orm/postgresql';
import { allOf, type SqlFragment } from '../database/sql-fragment.ts';
import { ASKING, withSettings, type LocalSettings } from '../database/transaction.ts';
import { expirySettings } from './expiry.ts';
import type { Range, Route } from './route.ts';
import type { Target } from './target.ts';

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

  const within = ({ from, to }: Range): SqlFragment => {
    const upTo = { sql: `${column} <= ?::${sqlType}`, params: [to] };
    return from === '' ? upTo : allOf({ sql: `${column} > ?::${sqlType}`, params: [from] }, upTo);
  };

  // As JSON an instant is written in ISO 8601 with all its microseconds, whatever the session's date
  // style; a JavaScript Date would lose three digits and with them rows.
  const asText = `to_jsonb(${column}) #>> '{}'`;

  const ask = async (em: EntityManager, sql: string, params: readonly unknown[]): Promise<Answer> =>
    await withSettings(
      em,
      { ...ASKING, ...expirySettings(target.expiry), ...settings },
      async (tx) => {
        const [row] = await tx.execute<Answer[]>(sql, [...params]);
        return row ?? { at: null, left: false };
      },
    );

  return {
    way: 'drain',
    start: '',
    end: undefined,
    positionType: sqlType,
    bounds: { initial: 2_000, smallest: 50, largest: 50_000 },
    settings,
    within,

    async cut(em, from, size) {
      if (from === bound) return null;
      const rest = within({ from, to: bound });
      const { at, left } = await ask(
        em,
        `select (select ${asText} from ${target.table} where ${rest.sql}
           order by ${column} offset ? limit 1) as at,
         exists (select from ${target.table} where ${rest.sql}) as left`,
        [...rest.params, size - 1, ...rest.params],
      );
      if (at !== null) return { from, to: at };
      return left ? { from, to: bound } : null;
    },

    async halve(em, range) {
      const rows = within(range);
      // The middle row's expiry, or the last one before the end's if most rows share that.
      const { at } = await ask(
        em,
        `with stretch as (select ${column} as expiry from ${target.table} where ${rows.sql}),
         middle as (select expiry from stretch order by expiry offset (select count(*) / 2 from stretch) limit 1)
         select (select to_jsonb(max(expiry)) #>> '{}' from stretch
           where expiry < ?::${sqlType} and expiry <= (select expiry from middle)) as at, true as left`,
        [...rows.params, range.to],
      );
      return at === null
        ? null
        : [
            { from: range.from, to: at },
            { from: at, to: range.to },
          ];
    },

    remaining: () => undefined,
    // Expiries stay what they are, wherever their rows lie.
    isOutdated: () => Promise.resolve(false),

    fraction: () => undefined,
  };
}

interface Answer {
  readonly at: string | null;
  readonly left: boolean;
}
