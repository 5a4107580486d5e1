/** A PostgreSQL server that a test stops, kills and starts again on the same data and port. */
import { choosePort } from '../../../scripts/services/ports.ts';
import { startPostgres, type PostgresServer } from '../../../scripts/services/postgres-server.ts';
import { createTemplate } from '../../support/postgres-template.ts';

/** A server whose address stays while the process behind it changes. */
export interface RestartablePostgres extends AsyncDisposable {
  /** Address of the database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  /** Holds the cluster in its folder `data`. */
  readonly dataDirectory: string;
  /** Address of another database of this server. */
  urlOf(database: string): string;
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
}

/**
 * Starts one, with the template of migrated databases in it.
 * @param settings - as in `postgresql.conf`
 * @param env - further variables of its environment
 */
export async function startRestartablePostgres(
  dataDirectory: string,
  settings: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<RestartablePostgres> {
  const port = await choosePort();
  const start = async (): Promise<PostgresServer> =>
    await startPostgres({
      dataDirectory,
      port,
      authentication: 'trust',
      env,
      settings: {
        // It is the process that ends here, not the machine: what was handed to the operating system
        // is kept. What an asynchronous commit left in the server's own memory is lost.
        fsync: 'off',
        // So long, and so much, may be left there: a crash then loses commits for certain.
        wal_writer_delay: '10s',
        wal_writer_flush_after: '1GB',
        wal_buffers: '16MB',
        max_connections: '150',
        ...settings,
      },
    });
  let server = await start();
  try {
    await createTemplate(server.url, server.urlOf);
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
  return {
    url: server.url,
    port,
    dataDirectory: server.dataDirectory,
    urlOf: server.urlOf,
    stop: async (mode) => {
      await server.stop(mode);
    },
    start: async () => {
      server = await start();
    },
    [Symbol.asyncDispose]: () => server.stop('immediate'),
  };
}
