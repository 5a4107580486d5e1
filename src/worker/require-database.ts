import type { MikroORM } from '@mikro-orm/postgresql';

import { checkDatabase, type CheckConfig } from '../checks/check-database.ts';
import { FAILURE } from '../contract/failures.ts';
import { pendingMigrations } from '../database/migrate.ts';
import { DatabaseProblem } from '../failures/errors.ts';
import { toDatabaseProblem } from '../failures/translate.ts';
import type { ProblemLog } from '../schedule/apply.ts';

/** Name of the log event for a finding of a check. */
export const FINDING = 'session_cleanup_check';

const DATABASE_UNAVAILABLE = 'session_cleanup_database_unavailable';

/**
 * Fails only for what stays wrong for every target, such as a missing ledger. Runs wait for a database
 * that is down. Other findings are logged and reported by the runs that they affect: without a worker
 * those runs would wait without a message.
 *
 * @throws DatabaseProblem
 */
export async function requireDatabase(
  orm: MikroORM,
  config: CheckConfig,
  logger: ProblemLog,
): Promise<void> {
  try {
    const pending = await pendingMigrations(orm, config.database);
    if (pending.length > 0) {
      throw new DatabaseProblem(
        `Ledger: migrations are missing (${pending.join(', ')}). ` +
          'Apply them: session-cleanup migrate',
        FAILURE.noLedger,
      );
    }
    for (const { level, ...finding } of await checkDatabase(orm, config)) {
      if (level !== 'ok') logger[level === 'error' ? 'error' : 'warn'](finding, FINDING);
    }
  } catch (error) {
    const problem = toDatabaseProblem(error, config.targets);
    if (!problem.isTransient) throw problem;
    logger.warn({ reason: problem.message }, DATABASE_UNAVAILABLE);
  }
}
