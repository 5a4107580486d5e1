import type { EntityManager } from '@mikro-orm/postgresql';
import type { Range, Route } from './route.ts';

/** What has to be known of a route here. */
type Order = Pick<Route, 'positionType'>;

/** So many stretches are remembered for each lane; beyond that, neighbours are joined. */
const MOST_REMEMBERED = 64;

/**
 * Adds a stretch that has to be visited again. The list is part of the ledger's row, so it is kept
 * short: joined neighbours cost some reading of what lies between them, and never a row.
 */
export async function remember(
  em: EntityManager,
  route: Order,
  list: readonly Range[],
  range: Range,
): Promise<readonly Range[]> {
  const longer = [...list, range];
  if (longer.length <= MOST_REMEMBERED) return longer;
  return await asDisjoint(em, route, longer, { atMost: MOST_REMEMBERED / 2 });
}

/**
 * The same stretches in the order of the route, with none counted twice: those that overlap become
 * one, and beyond `atMost` neighbours are joined as well. PostgreSQL does it, since it alone knows the
 * order of expiries.
 *
 * @param before - what lies from this position on is left out
 */
export async function asDisjoint(
  em: EntityManager,
  route: Order,
  ranges: readonly Range[],
  limits: { readonly before?: string; readonly atMost?: number },
): Promise<readonly Range[]> {
  const { before, atMost = ranges.length } = limits;
  // Before the lowest position there is nothing.
  if (before === '' || ranges.length === 0) return [];
  const type = route.positionType;
  const end = before ?? null;
  return await em.execute<Range[]>(
    `with listed as (
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
     ), grouped as (
       select *, ntile(?) over (order by island) as neighbours from islands
     )
     select (array_agg("from" order by island))[1] as "from", (array_agg("to" order by island desc))[1] as "to"
     from grouped group by neighbours order by neighbours`,
    [end, end, JSON.stringify(ranges), end, atMost],
  );
}
