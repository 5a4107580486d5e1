import { setTimeout as delay } from 'node:timers/promises';

import type { MikroORM } from '@mikro-orm/postgresql';

import { explainError } from '../failures/translate.ts';
import type { Config, TargetConfig } from '../config/config.ts';
import { FAILURE } from '../contract/failures.ts';
import { migrate, pendingMigrations } from '../database/migrate.ts';
import { createOrm } from '../database/orm.ts';
import { previewTarget } from '../deletion/preview.ts';
import type { Preview } from '../deletion/preview.ts';
import { checkDatabase, type CheckConfig } from '../checks/check-database.ts';
import type { Finding } from '../checks/finding.ts';
import { DatabaseProblem } from './database-problem.ts';

/*
 * All that commands do with the database. Loading it takes as long as a whole `--help`, so commands
 * import this file when they get to it.
 */

/** Time that connections have for closing. Milliseconds. */
const FAREWELL = 2_000;

type DatabaseConfig = CheckConfig;

/** What a run would do to one target, or why nobody can tell. */
export type PreviewOutcome =
  | ({ readonly kind: 'previewed' } & Preview)
  | {
      readonly kind: 'failed';
      readonly target: string;
      readonly type: string;
      readonly message: string;
    };

/** Creates what is missing. @throws {@link DatabaseProblem} */
export async function migrateDatabase(config: DatabaseConfig): Promise<readonly string[]> {
  return await withDatabase(config, async (orm) => (await migrate(orm)).applied);
}

/** Looks at everything in the database that runs depend on. @throws {@link DatabaseProblem} */
export async function checkDatabaseOf(config: DatabaseConfig): Promise<readonly Finding[]> {
  return await withDatabase(config, async (orm) => await checkDatabase(orm, config));
}

/** The same on connections that are open already. @throws {@link DatabaseProblem} */
export async function findProblems(
  orm: MikroORM,
  config: DatabaseConfig,
): Promise<readonly Finding[]> {
  return await checkDatabase(orm, config).catch((error: unknown) => {
    throw toDatabaseProblem(error, config.targets);
  });
}

/** Previews each target; one that cannot be previewed does not keep the others from it. */
export async function previewTargets(
  config: DatabaseConfig & Pick<Config, 'deletion'>,
): Promise<readonly PreviewOutcome[]> {
  return await withDatabase(config, async (orm) => {
    const outcomes: PreviewOutcome[] = [];
    for (const target of config.targets) {
      outcomes.push(await previewOne(orm, config, target));
    }
    return outcomes;
  });
}

/**
 * Whether the database is ready for a worker: reachable, login accepted, ledger migrated.
 *
 * @throws {@link DatabaseProblem}
 */
export async function requireReadyDatabase(orm: MikroORM, config: DatabaseConfig): Promise<void> {
  const pending = await pendingMigrations(orm, config.database).catch((error: unknown) => {
    throw toDatabaseProblem(error, config.targets);
  });
  if (pending.length > 0) {
    throw new DatabaseProblem(
      `The database lacks ${pending.length} of our migrations (${pending.join(', ')}). ` +
        `Apply them: session-cleanup migrate`,
      FAILURE.noLedger,
    );
  }
}

async function previewOne(
  orm: MikroORM,
  { deletion, targets }: Pick<Config, 'deletion' | 'targets'>,
  target: TargetConfig,
): Promise<PreviewOutcome> {
  try {
    return {
      kind: 'previewed',
      ...(await previewTarget(orm, target, deletion, undefined, targets)),
    };
  } catch (error) {
    const { type, message } = toDatabaseProblem(error, [target]);
    return { kind: 'failed', target: target.name, type, message };
  }
}

async function withDatabase<Answer>(
  config: DatabaseConfig,
  action: (orm: MikroORM) => Promise<Answer>,
): Promise<Answer> {
  const orm = createOrm(config.database, config.targets);
  try {
    return await action(orm);
  } catch (error) {
    throw toDatabaseProblem(error, config.targets);
  } finally {
    await closeDatabase(orm);
  }
}

/** Closes the connections; one that hangs does not answer its farewell either, and is left behind. */
export async function closeDatabase(orm: MikroORM): Promise<void> {
  await Promise.race([orm.close(true), delay(FAREWELL, undefined, { ref: false })]);
}

/** Puts an error of the database in words, as the activity does for histories. */
function toDatabaseProblem(error: unknown, targets: readonly TargetConfig[]): DatabaseProblem {
  const [target] = targets;
  if (target === undefined) throw new TypeError('there is no configuration without a target');
  const { type, message } = explainError(error, target);
  return new DatabaseProblem(message, type);
}
