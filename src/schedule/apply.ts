import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import type { Client, ScheduleDescription } from '@temporalio/client';
import {
  encodeScheduleAction,
  encodeSchedulePolicies,
  encodeScheduleSpec,
} from '@temporalio/client/lib/schedule-helpers.js';

import { LOG_EVENT } from '../contract/names.ts';
import type { Logger } from '../logging/logging.ts';
import type { ScheduleDefinition } from './definition.ts';
import { findDifferences } from './differences.ts';
import type { ScheduleDifference } from './differences.ts';

/** What applying the definition did. */
export type ApplyOutcome =
  | { readonly kind: 'created' }
  | { readonly kind: 'updated'; readonly differences: readonly ScheduleDifference[] }
  | { readonly kind: 'unchanged' };

/** What {@link checkSchedule} found. */
export type CheckOutcome =
  | { readonly kind: 'missing' }
  | {
      /** Another installation's: its runs go to another task queue, or are of another type. */
      readonly kind: 'taken';
      readonly taskQueue: string;
      readonly workflowType: string;
      /** What it is and what to do. */
      readonly message: string;
    }
  | { readonly kind: 'different'; readonly differences: readonly ScheduleDifference[] }
  | { readonly kind: 'as-configured' };

/** The schedule was changed by others each time it was about to be updated. */
export class ScheduleContendedError extends Error {
  override readonly name = 'ScheduleContendedError';
}

/** The schedule of this id belongs to another installation. Nothing was changed. */
export class ScheduleTakenError extends Error {
  override readonly name = 'ScheduleTakenError';
}

/** More than enough for every instance of a large deployment to start at once. */
const ATTEMPTS = 20;

/** Time within which an accepted update shows. Milliseconds. */
const UPDATE_SHOWS_WITHIN = 1_000;
const LOOK_EVERY = 100;

/**
 * Makes the schedule what the definition says: creates it, or updates it in place, only where it
 * differs, and looks again whether that took. There is never a second one, however many do this at
 * once, and one made by hand for the same task queue is taken over. What an operator did survives:
 * paused or not, note, remaining actions, recent runs, memo, search attributes.
 *
 * @param force - Takes over another installation's schedule as well.
 * @throws {@link ScheduleTakenError} when it is another installation's
 * @throws {@link ScheduleContendedError} when others kept changing it
 */
export async function applySchedule(
  client: Client,
  definition: ScheduleDefinition,
  logger: Logger,
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

/** Tells in what the schedule differs from the definition, and changes nothing. */
export async function checkSchedule(
  client: Client,
  definition: ScheduleDefinition,
): Promise<CheckOutcome> {
  const found = await describeIfPresent(client, definition.scheduleId);
  if (found === undefined) return { kind: 'missing' };
  const message = describeOwner(found, definition);
  if (message !== undefined) {
    const { taskQueue, workflowType } = found.action;
    return { kind: 'taken', taskQueue, workflowType, message };
  }
  const differences = findDifferences(found, definition);
  return differences.length === 0 ? { kind: 'as-configured' } : { kind: 'different', differences };
}

/** Says whose schedule it is and what to do, if it is another installation's. */
function describeOwner(
  { scheduleId, action }: ScheduleDescription,
  wanted: ScheduleDefinition,
): string | undefined {
  const { taskQueue, workflowType } = wanted.action;
  if (action.taskQueue === taskQueue && action.workflowType === workflowType) return undefined;
  const started = `${action.workflowType} on the task queue ${action.taskQueue}`;
  return (
    `The schedule ${scheduleId} belongs to another installation: it starts ${started}; configured ` +
    `is ${workflowType} on ${taskQueue}. Set SESSION_CLEANUP_SCHEDULE_ID to an id of its own for ` +
    `this installation, or take the schedule over: session-cleanup schedule apply --force`
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
      if (await create(client, definition)) return { kind: 'created' };
      continue;
    }
    const owner = force ? undefined : describeOwner(found, definition);
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
    `The schedule ${definition.scheduleId} was changed by somebody else each of ${ATTEMPTS} times. ` +
      `Find out who changes it, and apply again.`,
  );
}

/** @returns false when somebody else was faster */
async function create(client: Client, definition: ScheduleDefinition): Promise<boolean> {
  try {
    await client.schedule.create(definition);
    return true;
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

/**
 * Writes the definition over the schedule as it was described. The SDK's own `update` sends no
 * conflict token, so that a pause set in between would be lost; with the token of the description
 * the server drops an outdated write, without a word, and the next attempt starts from what is.
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

/** Waits until somebody's update shows, ours or the one that made ours outdated. */
async function untilChanged(client: Client, before: ScheduleDescription): Promise<void> {
  const deadline = Date.now() + UPDATE_SHOWS_WITHIN;
  for (;;) {
    const now = await describeIfPresent(client, before.scheduleId);
    if (now === undefined || token(now) !== token(before) || Date.now() > deadline) return;
    await delay(LOOK_EVERY);
  }
}

function token(description: ScheduleDescription): string {
  return Buffer.from(description.raw.conflictToken ?? []).toString('hex');
}

async function describeIfPresent(
  client: Client,
  scheduleId: string,
): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(scheduleId).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
