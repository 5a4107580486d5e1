import type { EntityManager } from '@mikro-orm/postgresql';
import { ask } from '../database/transaction.ts';
import type { Range, Route } from './route.ts';

/** What has to be known of a route here. */
type Order = Pick<Route, 'positionType'>;

/** So many stretches are visited again for each lane. */
const MOST_REMEMBERED = 32;

/**
 * Adds a stretch that has to be visited again. The list is part of the ledger's row and visiting its stretches
 * again costs as much as the first time, so it is short: a full one is returned as it is.
 */
export function remember(list: readonly Range[], range: Range): readonly Range[] {
  return list.length < MOST_REMEMBERED ? [...list, range] : list;
}

/**
 * The same stretches in the order of the route, with none counted twice: those that overlap become
 * one. PostgreSQL does it, since it alone knows the order of expiries.
 *
 * @param before - what lies from this position on is left out
 */
export async function asDisjoint(
  em: EntityManager,
  route: Order,
  ranges: readonly Range[],
  limits: { readonly before?: string },
): Promise<readonly Range[]> {
  const { before } = limits;
  // Before the lowest position there is nothing.
  if (before === '' || ranges.length === 0) return [];
  const type = route.positionType;
  const end = before ?? null;
  return await ask<Range>(
    em,
    {},
    {
      sql: `with listed as (
       select "from", nullif("from", '')::${type} as low,
         case when "to"::${type} > ?::${type} then ?::text else "to" end as "to"
       from jsonb_to_recordset(?::jsonb) as listed ("from" text, "to" text)
       where coalesce(nullif("from", '')::${type} < ?::${type}, true)
     ), placed as (
       select *, row_number() over (order by low nulls first) as place from listed
     ), reaching as (
       select *, max("to"::${type}) over (order by place rows between unbounded preceding and 1 preceding) as reached
       from placed
     ), numbered as (
       select *, count(*) filter (where reached is null or low >= reached) over (order by place) as island from reaching
     ), islands as (
       select island, (array_agg("from" order by place))[1] as "from",
         (array_agg("to" order by "to"::${type} desc))[1] as "to"
       from numbered group by island
     )
     select "from", "to" from islands order by island`,
      params: [end, end, JSON.stringify(ranges), end],
    },
  );
}
