/*
 * What commands do with the database. Loading it takes as long as a whole `--help`, so commands import
 * this file only when they run.
 */
import type { MikroORM } from '@mikro-orm/postgresql';

import { checkDatabase, type CheckConfig } from '../checks/check-database.ts';
import type { Finding } from '../checks/finding.ts';
import {
  TARGET_DEFAULTS,
  type Config,
  type DatabaseSettings,
  type TargetConfig,
} from '../config/config.ts';
import { DEFAULT_TARGET } from '../contract/names.ts';
import { migrate } from '../database/migrate.ts';
import { closeOrm, createOrm } from '../database/orm.ts';
import { findCleanTargets, type CleanTarget } from '../deletion/ledger.ts';
import { previewTarget, type Preview } from '../deletion/preview.ts';
import { discover, type Discovery } from '../discovery/discover.ts';
import { toDatabaseProblem } from '../failures/translate.ts';

/** What a run would do to one target, or why that is unknown. */
export type PreviewOutcome =
  | ({ readonly kind: 'previewed' } & Preview)
  | {
      readonly kind: 'failed';
      readonly target: string;
      readonly type: string;
      readonly message: string;
    };

/** Applies the missing migrations and returns their names. @throws DatabaseProblem */
export async function migrateDatabase(config: CheckConfig): Promise<readonly string[]> {
  return await withDatabase(config, async (orm) => (await migrate(orm)).applied);
}

/** Checks everything in the database that runs depend on. @throws DatabaseProblem */
export async function findProblems(config: CheckConfig): Promise<readonly Finding[]> {
  return await withDatabase(config, async (orm) => await checkDatabase(orm, config));
}

/** Previews each target; one that fails does not affect the others. @throws DatabaseProblem */
export async function previewTargets(
  config: CheckConfig & Pick<Config, 'deletion'>,
): Promise<readonly PreviewOutcome[]> {
  return await withDatabase(config, async (orm) => {
    const outcomes: PreviewOutcome[] = [];
    for (const target of config.targets) outcomes.push(await previewOne(orm, config, target));
    return outcomes;
  });
}

/** When the ledger says that each target was cleaned last. @throws DatabaseProblem */
export async function readCleanTargets(config: CheckConfig): Promise<readonly CleanTarget[]> {
  return await withDatabase(
    config,
    async (orm) => await findCleanTargets(orm.em.fork(), config.database.ledgerSchema),
  );
}

/** Finds the tables that hold sessions, for a file at this path. @throws DatabaseProblem */
export async function discoverStores(
  settings: Omit<DatabaseSettings, 'ownsSessionsTable'>,
  file: string,
): Promise<Discovery> {
  const database = { ...settings, ownsSessionsTable: false };
  // No table is known yet; an error is about the database.
  const targets = [{ ...TARGET_DEFAULTS, name: DEFAULT_TARGET, table: DEFAULT_TARGET }];
  return await withDatabase(
    { database, targets },
    async (orm) => await discover(orm, database, file),
  );
}

async function previewOne(
  orm: MikroORM,
  { targets }: Pick<Config, 'targets'>,
  target: TargetConfig,
): Promise<PreviewOutcome> {
  try {
    const preview = await previewTarget(orm, target, undefined, targets);
    return { kind: 'previewed', ...preview };
  } catch (error) {
    const { type, message } = toDatabaseProblem(error, [target]);
    return { kind: 'failed', target: target.name, type, message };
  }
}

async function withDatabase<Answer>(
  config: CheckConfig,
  action: (orm: MikroORM) => Promise<Answer>,
): Promise<Answer> {
  const orm = createOrm(config.database, config.targets);
  try {
    return await action(orm);
  } catch (error) {
    throw toDatabaseProblem(error, config.targets);
  } finally {
    await closeOrm(orm);
  }
}
