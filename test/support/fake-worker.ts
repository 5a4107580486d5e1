/** Runs the real workflow on the real server, with activities that only pretend to delete. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';

import { DEFAULT_TARGET, WORKFLOW_TYPE } from '../../src/contract/names.ts';
import type { CleanupActivities, RunPlan } from '../../src/contract/run.ts';
import type {
  SettledSlice,
  SettleRequest,
  SliceRequest,
  SliceResult,
} from '../../src/contract/slice.ts';
import type { TestTemporal } from './test-namespace.ts';
import { workflowBundle } from './workflow-bundle.ts';
import type { sessionCleanup } from '../../workflows/index.ts';

/** What replaces the deletion from the database. */
export interface FakeWork {
  deleteExpiredSessions(request: SliceRequest): SliceResult | Promise<SliceResult>;
  /** Left out: settling fails for good. */
  settleSlice?(request: SettleRequest): SettledSlice;
  /** The configuration; left out: one target, without limits. */
  readonly plan?: Partial<RunPlan>;
}

/** A run of the workflow, as the client sees it. */
export type Run = WorkflowHandleWithFirstExecutionRunId<typeof sessionCleanup>;

/** A running worker; going out of scope, it shuts down. */
export interface FakeWorker extends AsyncDisposable {
  /** What its activity was asked for so far. */
  readonly requests: readonly SliceRequest[];
}

/** Starts a worker on the test's task queue. */
export async function startFakeWorker(
  temporal: TestTemporal,
  fake: FakeWork | FakeWork['deleteExpiredSessions'],
): Promise<FakeWorker> {
  const { deleteExpiredSessions, settleSlice, plan }: FakeWork =
    typeof fake === 'function' ? { deleteExpiredSessions: fake } : fake;
  const requests: SliceRequest[] = [];
  const activities: CleanupActivities = {
    async deleteExpiredSessions(request) {
      requests.push(request);
      return await deleteExpiredSessions(request);
    },
    planRun({ targets = plan?.targets ?? [DEFAULT_TARGET] }) {
      return Promise.resolve({ ...plan, targets });
    },
    async settleSlice(request) {
      if (settleSlice === undefined) throw ApplicationFailure.nonRetryable('no ledger to ask');
      return await Promise.resolve(settleSlice(request));
    },
  };
  const worker = await Worker.create({
    connection: await temporal.connectWorker(),
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    workflowBundle: await workflowBundle(),
    activities: { ...activities },
    maxHeartbeatThrottleInterval: '100ms',
    shutdownForceTime: '5s',
  });
  const ended = worker.run();
  // Disposal reports its failure; until then an unhandled rejection must not end the process.
  ended.catch(() => undefined);
  return {
    requests,
    async [Symbol.asyncDispose]() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

/** Starts the workflow with exactly these arguments. */
export async function startRun(temporal: TestTemporal, ...args: unknown[]): Promise<Run> {
  return await temporal.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: `run-${randomUUID()}`,
    taskQueue: temporal.taskQueue,
    args,
  });
}

/** A slice that drained the target it was asked for, with what the test reports for it. */
export function sliceOf(request: SliceRequest, reported: Partial<SliceResult> = {}): SliceResult {
  return {
    target: request.target,
    deadline: request.cutoff,
    way: 'drain',
    deletedCount: 0,
    skippedLocked: 0,
    seconds: 1,
    stopped: 'drained',
    ...reported,
  };
}

/** The answer of settling a slice, as the test sets it. */
export function settledOf(reported: Partial<SettledSlice> = {}): SettledSlice {
  return { deletedCount: 0, skippedLocked: 0, seconds: 1, ...reported };
}

/** Types of all events of a run, without their common prefix. */
export async function eventsOf(run: Run): Promise<readonly string[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).map(
    (event) => Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? 'unknown',
  );
}

/** Heartbeats until the server cancels the activity. */
export async function toldToStop(): Promise<void> {
  const { cancellationSignal, heartbeat } = Context.current();
  const beat = setInterval(() => {
    heartbeat();
  }, 50);
  try {
    await until(() => cancellationSignal.aborted);
  } finally {
    clearInterval(beat);
  }
}

/** What a run shows in the Web UI. */
export interface RunMetadata {
  /** Markdown. */
  readonly currentDetails?: string;
  readonly definition?: {
    readonly queryDefinitions?: readonly HandlerDefinition[];
    readonly updateDefinitions?: readonly HandlerDefinition[];
  };
}

/** A query or an update, as the Web UI lists it. */
export interface HandlerDefinition {
  readonly name?: string;
  readonly description?: string;
}

/** Asks a run as the Web UI does; one that has ended answers as well. */
export async function metadataOf(run: WorkflowHandle): Promise<RunMetadata> {
  return await run.query<RunMetadata>('__temporal_workflow_metadata');
}

/** The run's current details, as the Web UI shows them. */
export async function detailsOf(run: WorkflowHandle): Promise<string> {
  // Without the gaps between columns.
  return (await metadataOf(run)).currentDetails?.replaceAll('\u00A0', '') ?? '';
}

/** Waits until `check` holds. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('What was waited for did not happen.');
    await sleep(20);
  }
}
