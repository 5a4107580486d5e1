import { isGrpcServiceError, type Client } from '@temporalio/client';
import type { Config, VersioningSettings } from '../config/config.ts';
import { checkSchedule } from '../schedule/apply.ts';
import { defineSchedule } from '../schedule/definition.ts';
import { describeSchedule } from '../schedule/schedule.ts';
import { ok, problem, warning, type Finding, type Found } from './finding.ts';
import { listPollers } from './pollers.ts';

/** gRPC's code NOT_FOUND. */
const NOT_FOUND: ReadonlySet<number> = new Set([5]);

/** Checks everything in Temporal that runs depend on. Changes nothing. */
export async function checkTemporal(
  client: Client,
  config: Omit<Config, 'database'>,
): Promise<readonly Finding[]> {
  const { versioning, taskQueue } = config;
  return [
    { check: 'temporal', ...(await checkServer(client)) },
    { check: 'schedule', ...(await checkScheduleOf(client, config)) },
    { check: 'workers', ...(await checkWorkers(client, taskQueue)) },
    ...(versioning === undefined ? [] : [await checkDeployment(client, versioning)]),
  ];
}

async function checkServer(client: Client): Promise<Found> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const version = serverVersion === undefined || serverVersion === null ? '' : ` ${serverVersion}`;
  return ok(`server${version}, namespace ${client.options.namespace}`);
}

async function checkScheduleOf(client: Client, config: Omit<Config, 'database'>): Promise<Found> {
  const remedy = 'Run: session-cleanup schedule apply';
  const outcome = await checkSchedule(client, defineSchedule(config));
  switch (outcome.kind) {
    case 'missing':
      return problem('there is none, so no run starts automatically', remedy);
    case 'taken':
      return problem(outcome.message);
    case 'different': {
      const fields = outcome.differences.map(
        ({ field, found, wanted }) => `${field} is ${found}, configured is ${wanted}`,
      );
      return warning(fields.join('; '), remedy);
    }
    case 'as-configured': {
      const { paused, note, nextRuns } = await describeSchedule(client, config.schedule.scheduleId);
      if (!paused) return ok(`as configured, next run ${nextRuns[0] ?? 'never'}`);
      return warning(
        `paused${note === '' ? '' : `: ${note}`}`,
        'When the reason is gone: session-cleanup schedule unpause',
      );
    }
  }
}

async function checkWorkers(client: Client, taskQueue: string): Promise<Found> {
  const workers = await listPollers(client, taskQueue);
  const polling = workers.filter(({ isPolling }) => isPolling).length;
  const silent = workers
    .filter(({ isPolling }) => !isPolling)
    .map(({ identity, lastSeenAt }) => `; ${identity} was last seen ${secondsSince(lastSeenAt)}`)
    .join('');
  if (polling > 0) return ok(`${polling} polling the task queue ${taskQueue}${silent}`);
  return warning(
    `none polls the task queue ${taskQueue}, so runs wait${silent}`,
    'Start one: session-cleanup worker',
  );
}

function secondsSince(instant: string | null): string {
  if (instant === null) return 'at an unknown time';
  return `${Math.round((Date.now() - new Date(instant).getTime()) / 1_000)} s ago`;
}

/** Checks that new runs start on this version. Without a version for it a run waits, and reports nothing. */
export async function checkDeployment(
  client: Client,
  settings: VersioningSettings,
): Promise<Finding> {
  return { check: 'deployment', ...(await checkRouting(client, settings)) };
}

async function checkRouting(
  client: Client,
  { deploymentName, buildId }: VersioningSettings,
): Promise<Found> {
  const remedy = `temporal worker deployment set-current-version --deployment-name ${deploymentName} --build-id ${buildId}`;
  const { namespace } = client.options;
  const found = await client.workflowService
    .describeWorkerDeployment({ namespace, deploymentName })
    .catch((error: unknown) => {
      if (isGrpcServiceError(error) && NOT_FOUND.has(error.code)) return undefined;
      throw error;
    });
  if (found === undefined) {
    return warning(
      `no worker of the deployment ${deploymentName} has been seen yet, so runs wait`,
      `Start one: session-cleanup worker. Then: ${remedy}`,
    );
  }
  const routing = found.workerDeploymentInfo?.routingConfig;
  const current = routing?.currentDeploymentVersion?.buildId;
  const ramping = routing?.rampingDeploymentVersion?.buildId;
  if (current == null) {
    return warning(
      `${deploymentName} has no current version, so runs wait for a worker without one`,
      remedy,
    );
  }
  const others =
    ramping == null
      ? ''
      : `, and ${ramping} for ${routing?.rampingVersionPercentage ?? 0} % of new runs`;
  const message = `current version of ${deploymentName} is ${current}${others}`;
  return current === buildId ? ok(message) : warning(`${message}; this one is ${buildId}`, remedy);
}
