/** Errors of the database that quote a whole row, in each of the ways in which PostgreSQL does. */
import type { TestDatabase } from './test-database.ts';

/** How the table refuses a deletion, and what comes of it: the run fails, the row stays, or it is deleted later. */
export const REFUSALS = [
  { kind: 'raised', outcome: 'stays' },
  { kind: 'unreadable', outcome: 'fails' },
  { kind: 'duplicate', outcome: 'stays' },
  { kind: 'check', outcome: 'stays' },
  { kind: 'serialization', outcome: 'deleted' },
  { kind: 'internal', outcome: 'deleted' },
] as const;

export type RefusalKind = (typeof REFUSALS)[number]['kind'];

/** Deletions that are refused for a while are refused this often. */
const REFUSED_TIMES = 2;

/** Prepares a trigger that refuses deletions as {@link refuseBy} sets. */
export async function prepareRefusals(database: TestDatabase): Promise<void> {
  await database.sql('create table refusals (kind text)');
  await database.sql('create table seen (agent text unique, id uuid check (id is null))');
  await database.sql('create sequence refused');
  await database.sql(`create function refuse() returns trigger language plpgsql as $$
    declare wanted text := (select kind from refusals);
    begin
      case wanted
        when 'raised' then
          raise exception 'no: %', old using detail = old::text, hint = old.user_agent;
        when 'unreadable' then perform old.user_agent::int;
        when 'duplicate' then insert into seen (agent) values (old.user_agent), (old.user_agent);
        when 'check' then insert into seen (id) values (old.id);
        when 'serialization', 'internal' then
          -- A sequence keeps its count through the rollback.
          if nextval('refused') <= ${REFUSED_TIMES} then
            raise exception 'not now: %', old using detail = old::text,
              errcode = case wanted when 'internal' then 'XX000' else '40001' end;
          end if;
        else null;
      end case;
      return old;
    end $$`);
  await database.sql(
    'create trigger refuse before delete on sessions for each row execute function refuse()',
  );
}

/** Sets how the table refuses deletions; undefined: not at all. */
export async function refuseBy(
  database: TestDatabase,
  kind: RefusalKind | undefined,
): Promise<void> {
  await database.sql(`alter sequence refused restart`);
  await database.sql('truncate refusals');
  if (kind !== undefined) await database.sql('insert into refusals values ($1)', [kind]);
}
