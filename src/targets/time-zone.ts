import type { EntityManager } from '@mikro-orm/postgresql';
import { ask, ASKING } from '../database/transaction.ts';

interface Source {
  readonly zone: string;
  /** `database`, `user` …, as `pg_settings` has it for this session; `setting` for an entry of ALTER … SET. */
  readonly source: string;
  readonly role: string | null;
  readonly database: string | null;
}

/** Names of the zone whose offset is and was always zero, in lower case. */
const UTC_NAMES = new Set(
  ['utc', 'uct', 'gmt', 'gmt0', 'gmt+0', 'gmt-0', 'greenwich', 'universal', 'zulu']
    .flatMap((name) => [name, `etc/${name}`])
    .concat('0', '+0', '-0', '+00', '-00', '00:00', '+00:00', '<+00>+00', '<+00>-00', '<utc>+00'),
);

/** Sources by which a session's zone is its own and says nothing of others. */
const OWN_SOURCES = new Set(['user', 'database user', 'client', 'override', 'session']);

/**
 * The zones other than UTC that new connections to this database may get; none: a `timestamp` that an application wrote
 * with `now()` or by a driver is one of UTC. Any role's own zone counts: that role may be the one that writes.
 */
export async function zonesBesideUtc(em: EntityManager): Promise<readonly string[]> {
  const sources = await ask<Source>(em, ASKING, { sql: SOURCES, params: [] });
  const found = sources.filter(({ zone }) => !isUtc(zone)).map(describe);
  // Our own zone hides the server's; an entry for all roles of the database says what others get.
  const isHidden = sources.some(({ source }) => OWN_SOURCES.has(source));
  const isDecided = sources.some(({ role, database }) => role === null && database !== null);
  if (found.length === 0 && isHidden && !isDecided) return ["unknown (the server's default)"];
  return [...new Set(found)];
}

function isUtc(zone: string): boolean {
  return UTC_NAMES.has(zone.toLowerCase());
}

function describe({ zone, source, role, database }: Source): string {
  const where = [
    ...(role === null ? [] : [`role "${role}"`]),
    ...(database === null ? [] : [`database "${database}"`]),
  ].join(' in ');
  if (source === 'setting') return `${zone} (${where === '' ? 'all roles' : where})`;
  return `${zone} (${OWN_SOURCES.has(source) ? 'this connection' : 'new connections'})`;
}

// `reset_val` is what the session began with. Settings of ALTER ROLE and ALTER DATABASE follow as written.
const SOURCES = `
  select s.reset_val as zone, s.source, null::text as role, null::text as database
  from pg_settings s where s.name = 'TimeZone'
  union all
  select substr(entry, strpos(entry, '=') + 1), 'setting', r.rolname::text, d.datname::text
  from pg_db_role_setting o cross join unnest(o.setconfig) as entry
    left join pg_roles r on r.oid = o.setrole left join pg_database d on d.oid = o.setdatabase
  where lower(entry) like 'timezone=%'
    and (o.setdatabase = 0 or o.setdatabase = (select oid from pg_database where datname = current_database()))
  order by 2, 1`;
