/** Filled databases (templates), and the fresh copies that contenders work on. */
import { createOrm } from '../../src/database/orm.ts';
import { migrate } from '../../src/database/migrate.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { INDEXES, type IndexStatements } from '../dev/sample-sessions.ts';
import type { Setting } from './results.ts';
import type { BenchServers } from './servers.ts';
import { expiredBy, SPAN_DAYS, TABLE_SHAPES, type TableShape } from './table-shapes.ts';

/** A fresh copy of a template, the same for every contender. */
export interface TableCopy {
  readonly servers: BenchServers;
  readonly database: string;
  readonly url: string;
  readonly shape: TableShape;
  /** Contenders delete the rows that expire by this instant; ISO 8601 with microseconds. */
  readonly deadline: string;
  /** Number of those rows in the fresh copy. */
  readonly expiredRows: number;
}

type Template = Pick<Setting, 'shape' | 'rows' | 'order'>;

const COPY = 'bench';

/** Copies the template file by file, writes a checkpoint, and reads the table once to warm it up. */
export async function copyTemplate(servers: BenchServers, setting: Setting): Promise<TableCopy> {
  const template = await ensureTemplate(servers, setting);
  await servers.execute(`drop database if exists ${COPY} with (force)`);
  // Before PostgreSQL 15 this is the only strategy, and cannot be named.
  const strategy = Number(/\d+/.exec(servers.version)?.[0]) >= 15 ? 'strategy file_copy' : '';
  await servers.execute(`create database ${COPY} template ${template} ${strategy}`);
  await servers.execute('checkpoint');
  const shape = TABLE_SHAPES[setting.shape];
  const share = `${String(setting.expired)} * interval '${String(SPAN_DAYS)} days'`;
  const [copy] = await servers.execute<Pick<TableCopy, 'deadline' | 'expiredRows'>>(
    `with bound as (select least(now(), min(${shape.expiry}) + ${share}) as deadline from ${shape.table})
     select to_char(deadline at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as deadline,
       count(*) filter (where ${expiredBy(shape, 'deadline')})::int as "expiredRows"
     from bound, ${shape.table} group by deadline`,
    COPY,
  );
  if (copy === undefined) throw new Error(`${template}: the table is empty. Drop the database.`);
  return { servers, database: COPY, url: servers.urlOf(COPY), shape, ...copy };
}

/** Creates the template unless an earlier benchmark has left it, and returns its name. */
async function ensureTemplate(servers: BenchServers, template: Template): Promise<string> {
  const name = templateName(template);
  const found = await servers.execute(`select from pg_database where datname = '${name}'`);
  if (found.length > 0) return name;
  const unfinished = `${name}_unfinished`;
  await servers.execute(`drop database if exists ${unfinished} with (force)`);
  await servers.execute(`create database ${unfinished}`);
  await fill(servers, unfinished, template);
  // Renamed once complete, so that an interrupted benchmark never leaves half a template.
  await servers.execute(`alter database ${unfinished} rename to ${name}`);
  return name;
}

export async function dropTemplate(servers: BenchServers, template: Template): Promise<void> {
  await servers.execute(`drop database if exists ${templateName(template)} with (force)`);
}

function templateName({ shape, rows, order }: Template): string {
  return `bench_${shape.replaceAll('-', '_')}_${String(rows)}_${order}`;
}

async function fill(servers: BenchServers, database: string, template: Template): Promise<void> {
  const { child, create, fill, table } = TABLE_SHAPES[template.shape];
  const rows = String(template.rows);
  await createOurTables({
    ...(create === undefined ? {} : { SESSION_CLEANUP_TABLE: table }),
    DATABASE_URL: servers.urlOf(database),
  });
  // Not through the ORM, whose statement timeout of a minute is too short for large tables.
  const run = (sql: string): Promise<unknown> => servers.execute(sql, database);
  if (create !== undefined) await run(create);
  // The query is about `sessions`.
  const query = INDEXES.replaceAll('sessions', table);
  const indexes = await servers.execute<IndexStatements>(query, database);
  for (const { drop } of indexes) await run(drop);
  const age = template.order === 'random' ? 'random()' : `i::float8 / ${rows}`;
  await run(fill.replaceAll('$age', age).replaceAll('$rows', rows));
  for (const { create } of indexes) await run(create);
  if (child !== undefined) await run(child.create);
  const tables = child === undefined ? table : `${table}, ${child.table}`;
  await run(`vacuum (analyze, freeze) ${tables}`);
}

/** The ledger, and the table of sessions where it is our own. */
async function createOurTables(environment: NodeJS.ProcessEnv): Promise<void> {
  const { database, targets } = loadConfig(environment);
  await using orm = createOrm(database, targets);
  await migrate(orm);
}
