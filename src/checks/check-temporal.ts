import type { Client } from '@temporalio/client';

import type { Config } from '../config/config.ts';
import type { Finding } from './finding.ts';
import { checkDeployment } from './check-deployment.ts';
import { listPollers } from './pollers.ts';
import { checkSchedule } from '../schedule/apply.ts';
import { defineSchedule } from '../schedule/definition.ts';
import { describeSchedule } from '../schedule/schedule.ts';

/** Looks at everything in Temporal that runs depend on. Changes nothing. */
export async function checkTemporal(
  client: Client,
  config: Omit<Config, 'database'>,
): Promise<readonly Finding[]> {
  return [
    await checkServer(client),
    ...(await checkScheduleFinding(client, config)),
    await checkWorkers(client, config),
    ...(config.versioning === undefined ? [] : [await checkDeployment(client, config.versioning)]),
  ];
}

async function checkServer(client: Client): Promise<Finding> {
  const { serverVersion } = await client.workflowService.getSystemInfo({});
  const version = serverVersion === undefined || serverVersion === null ? '' : ` ${serverVersion}`;
  return {
    check: 'temporal',
    level: 'ok',
    message: `server${version}, namespace ${client.options.namespace}`,
  };
}

async function checkScheduleFinding(
  client: Client,
  config: Omit<Config, 'database'>,
): Promise<readonly Finding[]> {
  const check = 'schedule';
  const remedy = 'Run: session-cleanup schedule apply';
  const outcome = await checkSchedule(client, defineSchedule(config));
  switch (outcome.kind) {
    case 'missing':
      return [
        { check, level: 'error', message: 'there is none, so nothing runs by itself', remedy },
      ];
    case 'taken':
      return [{ check, level: 'error', message: outcome.message }];
    case 'different': {
      const fields = outcome.differences.map(
        ({ field, found, wanted }) => `${field} is ${found}, configured is ${wanted}`,
      );
      return [{ check, level: 'warning', message: fields.join('; '), remedy }];
    }
    case 'as-configured': {
      const { paused, note, nextRuns } = await describeSchedule(client, config.schedule.scheduleId);
      if (paused) {
        return [
          {
            check,
            level: 'warning',
            message: `paused${note === '' ? '' : `: ${note}`}`,
            remedy: 'When the reason is gone: session-cleanup schedule unpause',
          },
        ];
      }
      return [{ check, level: 'ok', message: `as configured, next run ${nextRuns[0] ?? 'never'}` }];
    }
  }
}

async function checkWorkers(
  client: Client,
  { taskQueue }: Pick<Config, 'taskQueue'>,
): Promise<Finding> {
  const workers = await listPollers(client, taskQueue);
  const check = 'workers';
  const polling = workers.filter(({ isPolling }) => isPolling).length;
  const silent = workers
    .filter(({ isPolling }) => !isPolling)
    .map(({ identity, lastSeenAt }) => `; ${identity} was last seen ${secondsSince(lastSeenAt)}`)
    .join('');
  if (polling === 0) {
    return {
      check,
      level: 'warning',
      message: `none polls the task queue ${taskQueue}, so runs wait${silent}`,
      remedy: 'Start one: session-cleanup worker',
    };
  }
  return { check, level: 'ok', message: `${polling} polling the task queue ${taskQueue}${silent}` };
}

function secondsSince(instant: string | null): string {
  if (instant === null) return 'at an unknown time';
  return `${Math.round((Date.now() - new Date(instant).getTime()) / 1_000)} s ago`;
}
