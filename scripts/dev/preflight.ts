/** What can be told to be wrong before anything is started. */
import { InputError } from '../../src/cli/errors.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { givenDatabase } from './database.ts';
import { givenTemporal } from './temporal.ts';

/** Stands in for the address of a database that is still to be started. */
const ANY_DATABASE = 'postgres://127.0.0.1/app';

/**
 * Checks the environment.
 * @throws ConfigError listing every problem of the settings.
 * @throws InputError when the settings ask for tables that a database made here does not have.
 */
export function checkEnvironment(env: NodeJS.ProcessEnv): void {
  const given = givenDatabase(env);
  const config = loadConfig({ ...env, DATABASE_URL: given ?? ANY_DATABASE });
  if (givenTemporal(env) !== undefined) loadTemporalSettings(env);
  if (given === undefined && !(config.database.ownsSessionsTable && config.targets.length === 1)) {
    throw new InputError(
      'The settings (SESSION_CLEANUP_TARGETS, …_TABLE, …_EXPIRES_COLUMN or …_EXPIRES_TYPE) describe a table ' +
        'that a database started here does not have. Unset them, or give its database by DATABASE_URL.',
    );
  }
}
