/**
 * Runs once around all tests: one PostgreSQL and one Temporal server for the whole run, in a folder and
 * on ports of its own, so that a development environment may run beside it.
 */
import { realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { TestProject } from 'vitest/node';

import { explainFullDisk } from '../../scripts/services/full-disk.ts';
import { anyPort } from '../../scripts/services/ports.ts';
import { startPostgres, type PostgresServer } from '../../scripts/services/postgres-server.ts';
import { findTemporalCli, type TemporalCli } from '../../scripts/services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../scripts/services/temporal-server.ts';
import { createTemplate } from './postgres-template.ts';
import { createRunFolder, removeDeadRuns, removeRunFolder } from './test-run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Address of the database `postgres` of the run's server, as its superuser. */
    readonly postgresUrl: string;
    /** `host:port` of the run's Temporal server. */
    readonly temporalAddress: string;
    /** Address of its Web UI; undefined in projects that do without. */
    readonly temporalUi?: string;
    /** Path of the Temporal CLI that the server was started with. */
    readonly temporalCli: string;
    /** The run's folder, removed at its end; undefined where tests run without this set-up. */
    readonly runFolder?: string;
  }
}

/** Starts the servers; returns what ends them and removes all they wrote. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  return await startServers(project, { withUi: false });
}

/** The same, with Temporal's Web UI or without. */
export async function startServers(
  project: TestProject,
  { withUi }: { readonly withUi: boolean },
): Promise<() => Promise<void>> {
  await removeDeadRuns();
  try {
    return await startServersIn(createRunFolder(), project, withUi);
  } catch (error) {
    throw explainFullDisk(
      error,
      [realpathSync(os.tmpdir())],
      'Free space there, or name another folder by TMPDIR.',
    );
  }
}

async function startServersIn(
  folder: string,
  project: TestProject,
  withUi: boolean,
): Promise<() => Promise<void>> {
  // An unguarded failure would leave the other server running, so both are awaited first.
  const [postgres, temporal] = await Promise.allSettled([
    startTestPostgres(path.join(folder, 'postgres'), project.getProvidedContext().databaseRole),
    startTestTemporal(path.join(folder, 'temporal'), withUi),
  ]);
  const tearDown = async (): Promise<void> => {
    await Promise.all([
      postgres.status === 'fulfilled' ? postgres.value.stop('immediate') : undefined,
      temporal.status === 'fulfilled' ? temporal.value.server.stop() : undefined,
    ]);
    await removeRunFolder(folder);
  };
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    await tearDown();
    throw new AggregateError(
      [postgres, temporal].flatMap((start) => (start.status === 'rejected' ? [start.reason] : [])),
      'The servers for the tests did not start.',
    );
  }
  project.provide('runFolder', folder);
  project.provide('postgresUrl', postgres.value.url);
  project.provide('temporalAddress', temporal.value.server.address);
  const { uiAddress } = temporal.value.server;
  if (uiAddress !== undefined) project.provide('temporalUi', uiAddress);
  project.provide('temporalCli', temporal.value.cli.path);
  return tearDown;
}

async function startTestPostgres(
  dataDirectory: string,
  role: string | undefined,
): Promise<PostgresServer> {
  const server = await startPostgres({
    dataDirectory,
    port: anyPort,
    authentication: 'trust',
    settings: {
      // Nothing here outlives the run, so nothing needs to reach the disk.
      fsync: 'off',
      full_page_writes: 'off',
      // Each test file has pools of its own, and some tests a dozen clients beside them.
      max_connections: '300',
    },
  });
  try {
    await createTemplate(server.url, server.urlOf, role);
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
  return server;
}

async function startTestTemporal(
  dataDirectory: string,
  withUi: boolean,
): Promise<{ readonly server: TemporalServer; readonly cli: TemporalCli }> {
  const cli = await findTemporalCli({
    env: process.env,
    log: (message) => {
      console.log(message);
    },
  });
  const server = await startTemporal({
    cli,
    dataDirectory,
    port: anyPort,
    ...(withUi ? { uiPort: anyPort } : {}),
    durable: false,
    // Each test has a namespace of its own; schedules work in one only once the server has noticed it,
    // which takes up to two seconds by default.
    dynamicConfig: {
      'system.namespaceCacheRefreshInterval': '100ms',
      // Off by default in the present server, and the Web UI's buttons depend on it; other servers may have it.
      'frontend.WorkflowPauseEnabled': !withUi,
    },
  });
  return { server, cli };
}
