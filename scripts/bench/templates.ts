/** Filled databases that every run gets a copy of. */
import { createOrm } from '../../src/database/orm.ts';
import { migrate } from '../../src/database/migrate.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { INDEXES, type IndexStatements } from '../dev/without-indexes.ts';
import type { BenchServers } from './servers.ts';
import { ageOf, type RowOrder, type TableShape } from './table-shape.ts';

/** What a template holds. */
export interface TemplateSpec {
  readonly shape: TableShape;
  readonly rows: number;
  readonly order: RowOrder;
}

/** Makes the template unless an earlier benchmark has left it, and returns its name. */
export async function ensureTemplate(servers: BenchServers, spec: TemplateSpec): Promise<string> {
  const name = templateName(spec);
  const found = await servers.execute(`select from pg_database where datname = '${name}'`);
  if (found.length > 0) return name;
  const unfinished = `${name}_unfinished`;
  await servers.execute(`drop database if exists ${unfinished} with (force)`);
  await servers.execute(`create database ${unfinished}`);
  await fill(servers, unfinished, spec);
  // Renamed once complete, so that a benchmark cut short never leaves half a template.
  await servers.execute(`alter database ${unfinished} rename to ${name}`);
  return name;
}

/** Removes a template, to make room on the disk. */
export async function dropTemplate(servers: BenchServers, spec: TemplateSpec): Promise<void> {
  await servers.execute(`drop database if exists ${templateName(spec)} with (force)`);
}

function templateName({ shape, rows, order }: TemplateSpec): string {
  return `bench_${shape.name.replaceAll('-', '_')}_${String(rows)}_${order}`;
}

async function fill(
  servers: BenchServers,
  database: string,
  { shape, rows, order }: TemplateSpec,
): Promise<void> {
  await migrateDatabase(servers.urlOf(database), shape);
  const statement = shape.fill
    .replaceAll('$age', ageOf(order, rows))
    .replaceAll('$rows', String(rows));
  // Not through the ORM, which gives a statement up after a minute: large tables take longer.
  const run = (sql: string): Promise<unknown> => servers.execute(sql, database);
  if (shape.create !== '') await run(shape.create);
  const indexes =
    shape.create === '' ? await servers.execute<IndexStatements>(INDEXES, database) : [];
  for (const { take } of indexes) await run(take);
  await run(statement);
  for (const build of [...indexes.map((index) => index.build), ...shape.indexes]) await run(build);
  await run(`vacuum (analyze, freeze) ${shape.table}`);
}

/** The ledger, and the table itself where it is our own. */
async function migrateDatabase(url: string, shape: TableShape): Promise<void> {
  const { database, targets } = loadConfig({ ...shape.environment, DATABASE_URL: url });
  const orm = createOrm(database, targets);
  try {
    await migrate(orm);
  } finally {
    await orm.close(true);
  }
}
