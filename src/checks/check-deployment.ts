import { isGrpcServiceError, type Client } from '@temporalio/client';

import type { VersioningSettings } from '../config/config.ts';
import type { Finding } from './finding.ts';

/** gRPC's code for what does not exist, NOT_FOUND. */
const MISSING: ReadonlySet<number> = new Set([5]);

const check = 'deployment';

/**
 * Looks whether new runs come to this version. A run that no version is meant for waits without a
 * word, and so would all that the schedule starts.
 */
export async function checkDeployment(
  client: Client,
  versioning: VersioningSettings,
): Promise<Finding> {
  const { deploymentName, buildId } = versioning;
  const remedy = `temporal worker deployment set-current-version --deployment-name ${deploymentName} --build-id ${buildId}`;
  const routing = await readRouting(client, deploymentName);
  if (routing === undefined) {
    return {
      check,
      level: 'warning',
      message: `no worker of the deployment ${deploymentName} has been seen yet, so runs wait`,
      remedy: `Start one: session-cleanup worker. Then: ${remedy}`,
    };
  }
  const { current, ramping, percentage } = routing;
  if (current === undefined) {
    return {
      check,
      level: 'warning',
      message: `${deploymentName} has no current version, so runs wait for a worker without one`,
      remedy,
    };
  }
  const others = ramping === undefined ? '' : `, and ${ramping} for ${percentage} % of new runs`;
  const message = `current version of ${deploymentName} is ${current}${others}`;
  return current === buildId
    ? { check, level: 'ok', message }
    : { check, level: 'warning', message: `${message}; this one is ${buildId}`, remedy };
}

/** Which versions new runs go to, by their build ids; undefined while there is no such deployment. */
async function readRouting(
  client: Client,
  deploymentName: string,
): Promise<
  | {
      readonly current: string | undefined;
      readonly ramping: string | undefined;
      readonly percentage: number;
    }
  | undefined
> {
  const { namespace } = client.options;
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName,
    });
    const routing = workerDeploymentInfo?.routingConfig;
    return {
      current: routing?.currentDeploymentVersion?.buildId ?? undefined,
      ramping: routing?.rampingDeploymentVersion?.buildId ?? undefined,
      percentage: routing?.rampingVersionPercentage ?? 0,
    };
  } catch (error) {
    if (isGrpcServiceError(error) && MISSING.has(error.code)) return undefined;
    throw error;
  }
}
