/** A Worker Deployment of several versions, controlled with Temporal's own command. */
import type { WorkflowHandle } from '@temporalio/client';
import { expect } from 'vitest';

import { temporalCli } from './temporal-cli.ts';
import type { TestDatabase } from './test-database.ts';
import type { TestTemporal } from './test-namespace.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** The deployment's name. */
export const DEPLOYMENT = 'cleaners';

/** Starts a worker of a version. */
export async function startVersion(
  temporal: TestTemporal,
  database: TestDatabase,
  buildId: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  return await startWorker({
    databaseUrl: database.url,
    temporal,
    settings: { DEPLOYMENT, BUILD_ID: buildId, APPROVAL: 'off', ...settings },
  });
}

/** `temporal worker deployment …`, for this deployment. */
export async function deployment(temporal: TestTemporal, ...args: string[]): Promise<void> {
  await deploymentNamed(DEPLOYMENT, temporal, ...args);
}

/** The same for another one. The server learns of a version at its first poll. */
export async function deploymentNamed(
  name: string,
  temporal: TestTemporal,
  ...args: string[]
): Promise<void> {
  const where = ['--deployment-name', name, '--yes'];
  await expect
    .poll(
      async () =>
        await temporalCli(temporal, 'worker', 'deployment', ...args, ...where).then(
          () => 'done',
          (error: unknown) => String(error),
        ),
      { timeout: 20_000, interval: 200 },
    )
    .toBe('done');
}

/** Where the tasks of a run went. */
export interface Whereabouts {
  /** Versions that did its workflow tasks, each once. */
  readonly versions: readonly string[];
  /** Processes that did its activities, each once. */
  readonly pids: readonly number[];
}

/** Reads from a run's history which workers processed it. */
export async function whereaboutsOf(
  run: Pick<WorkflowHandle, 'fetchHistory'>,
): Promise<Whereabouts> {
  const events = (await run.fetchHistory()).events ?? [];
  const versions = events.flatMap(({ workflowTaskCompletedEventAttributes: completed }) =>
    completed == null ? [] : [completed.deploymentVersion?.buildId ?? 'none'],
  );
  const pids = events.flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started == null ? [] : [Number.parseInt(started.identity ?? '', 10)],
  );
  return { versions: [...new Set(versions)], pids: [...new Set(pids)] };
}
