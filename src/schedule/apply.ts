import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { ScheduleAlreadyRunning, type Client, type ScheduleDescription } from '@temporalio/client';
import {
  encodeScheduleAction,
  encodeSchedulePolicies,
  encodeScheduleSpec,
} from '@temporalio/client/lib/schedule-helpers.js';

import type { Config } from '../config/config.ts';
import { SCHEDULE } from '../config/settings.ts';
import { LOG_EVENT } from '../contract/names.ts';
import {
  defineSchedule,
  findDifferences,
  type ScheduleDefinition,
  type ScheduleDifference,
} from './definition.ts';
import { readSchedule, ScheduleMissingError } from './schedule.ts';

/** Receives log events; a pino logger is one. */
export interface EventLog {
  info(fields: object, event: string): void;
}

/** The same for what a person may have to do something about. */
export interface ProblemLog extends EventLog {
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

/** What {@link applySchedule} did. */
export type ApplyOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'updated'; readonly differences: readonly ScheduleDifference[] }
  | { readonly kind: 'unchanged' };

/** What {@link checkSchedule} found. */
export type CheckOutcome =
  | { readonly kind: 'missing' }
  | {
      /** It belongs to another installation: another task queue or workflow type. */
      readonly kind: 'taken';
      readonly taskQueue: string;
      readonly workflowType: string;
      /** What is wrong and what to do. */
      readonly message: string;
    }
  | { readonly kind: 'different'; readonly differences: readonly ScheduleDifference[] }
  | { readonly kind: 'as-configured' };

/** Others changed the schedule during every attempt to update it. */
export class ScheduleContendedError extends Error {
  override readonly name = 'ScheduleContendedError';
}

/** The schedule of this id belongs to another installation. Nothing was changed. */
export class ScheduleTakenError extends Error {
  override readonly name = 'ScheduleTakenError';
}

/** Enough for all workers of a large deployment that start together. */
const ATTEMPTS = 20;

/** Time within which an accepted update becomes visible, and between two polls for it. Milliseconds. */
const VISIBLE_WITHIN = 1_000;
const POLL_EVERY = 100;

/** Applies or checks the schedule, as configured for the start of a worker; a difference is logged. */
export async function settleSchedule(
  client: Client,
  config: Pick<Config, 'schedule' | 'taskQueue'>,
  logger: ProblemLog,
): Promise<void> {
  const { atWorkerStart } = config.schedule;
  if (atWorkerStart === 'off') return;
  const definition = defineSchedule(config);
  if (atWorkerStart === 'apply') {
    await applySchedule(client, definition, logger);
    return;
  }
  const outcome = await checkSchedule(client, definition);
  if (outcome.kind === 'as-configured') return;
  logger[outcome.kind === 'taken' ? 'error' : 'warn']({ ...outcome }, SCHEDULE_DIFFERS);
}

/** Name of the log event. */
const SCHEDULE_DIFFERS = 'session_cleanup_schedule_differs';

/**
 * Creates the schedule, or updates it in place if it differs from the definition, and verifies the
 * update. Safe to run concurrently. A schedule made by hand for the same task queue is taken over. Keeps
 * what an operator did: pause, note, remaining actions, recent runs, memo, search attributes.
 *
 * @param force - Takes over another installation's schedule as well.
 * @throws {@link ScheduleTakenError} when it belongs to another installation
 * @throws {@link ScheduleContendedError} when others kept changing it
 */
export async function applySchedule(
  client: Client,
  definition: ScheduleDefinition,
  logger: EventLog,
  { force = false }: { readonly force?: boolean } = {},
): Promise<ApplyOutcome> {
  const outcome = await apply(client, definition, force);
  logger.info(
    {
      schedule_id: definition.scheduleId,
      interval_seconds: definition.spec.intervals[0].every / 1_000,
      outcome: outcome.kind,
      ...(outcome.kind === 'updated' ? { differences: outcome.differences } : {}),
    },
    LOG_EVENT.scheduled,
  );
  return outcome;
}

/** Compares the schedule with the definition, and changes nothing. */
export async function checkSchedule(
  client: Client,
  definition: ScheduleDefinition,
): Promise<CheckOutcome> {
  const found = await describeIfPresent(client, definition.scheduleId);
  if (found === undefined) return { kind: 'missing' };
  const message = ownerProblem(found, definition);
  if (message !== undefined) {
    const { taskQueue, workflowType } = found.action;
    return { kind: 'taken', taskQueue, workflowType, message };
  }
  const differences = findDifferences(found, definition);
  return differences.length === 0 ? { kind: 'as-configured' } : { kind: 'different', differences };
}

/** What is wrong and what to do if the schedule belongs to another installation. */
function ownerProblem(
  { scheduleId, action }: ScheduleDescription,
  wanted: ScheduleDefinition,
): string | undefined {
  const { taskQueue, workflowType } = wanted.action;
  if (action.taskQueue === taskQueue && action.workflowType === workflowType) return undefined;
  return (
    `Schedule ${scheduleId}: belongs to another installation, since it starts ${action.workflowType} on ` +
    `the task queue ${action.taskQueue}, and configured is ${workflowType} on ${taskQueue}. Set ` +
    `${SCHEDULE.scheduleId.name} to another id, or take the schedule over: ` +
    `session-cleanup schedule apply --force`
  );
}

async function apply(
  client: Client,
  definition: ScheduleDefinition,
  force: boolean,
): Promise<ApplyOutcome> {
  let repaired: readonly ScheduleDifference[] | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const found = await describeIfPresent(client, definition.scheduleId);
    if (found === undefined) {
      try {
        await client.schedule.create(definition);
        return { kind: 'created' };
      } catch (error) {
        // Another client was faster.
        if (error instanceof ScheduleAlreadyRunning) continue;
        throw error;
      }
    }
    const owner = force ? undefined : ownerProblem(found, definition);
    if (owner !== undefined) throw new ScheduleTakenError(owner);
    const differences = findDifferences(found, definition);
    if (differences.length === 0) {
      return repaired === undefined
        ? { kind: 'unchanged' }
        : { kind: 'updated', differences: repaired };
    }
    repaired ??= differences;
    await update(client, found, definition);
    await untilChanged(client, found);
  }
  throw new ScheduleContendedError(
    `Schedule ${definition.scheduleId}: another client changed it during each of ${ATTEMPTS} attempts to ` +
      `update it. Find and stop that client, and apply again.`,
  );
}

/**
 * Updates the schedule as it was described. The SDK's own `update` sends no conflict token and could
 * revert a pause that was set in between. With the token the server silently drops an outdated update.
 */
async function update(
  client: Client,
  found: ScheduleDescription,
  definition: ScheduleDefinition,
): Promise<void> {
  const { namespace, identity, loadedDataConverter } = client.schedule.options;
  const previous = found.raw.schedule?.action?.startWorkflow;
  const action = await encodeScheduleAction(
    loadedDataConverter,
    namespace,
    { ...definition.action, args: [...definition.action.args] },
    previous?.header?.fields ?? {},
  );
  await client.workflowService.updateSchedule({
    namespace,
    identity,
    scheduleId: definition.scheduleId,
    requestId: randomUUID(),
    conflictToken: found.raw.conflictToken ?? null,
    schedule: {
      spec: encodeScheduleSpec(definition.spec),
      action: {
        startWorkflow: {
          ...action.startWorkflow,
          memo: previous?.memo ?? null,
          searchAttributes: previous?.searchAttributes ?? null,
          priority: previous?.priority ?? null,
        },
      },
      policies: encodeSchedulePolicies(definition.policies),
      state: found.raw.schedule?.state ?? null,
    },
  });
}

/** Waits until an update is visible: this one, or the one that made it outdated. */
async function untilChanged(client: Client, before: ScheduleDescription): Promise<void> {
  const deadline = Date.now() + VISIBLE_WITHIN;
  for (;;) {
    const now = await describeIfPresent(client, before.scheduleId);
    const isUnchanged = isDeepStrictEqual(now?.raw.conflictToken, before.raw.conflictToken);
    if (now === undefined || !isUnchanged || Date.now() > deadline) return;
    await delay(POLL_EVERY);
  }
}

async function describeIfPresent(
  client: Client,
  scheduleId: string,
): Promise<ScheduleDescription | undefined> {
  try {
    return await readSchedule(client, scheduleId);
  } catch (error) {
    if (error instanceof ScheduleMissingError) return undefined;
    throw error;
  }
}
