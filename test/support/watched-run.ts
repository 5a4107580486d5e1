/** A run that a test starts, watches through the ledger, and reads back from its history. */
import { randomUUID } from 'node:crypto';

import type { Client, WorkflowHandle } from '@temporalio/client';
import { expect, vi } from 'vitest';

import { ACTIVITY_TYPE, WORKFLOW_TYPE } from '../../src/contract/names.ts';
import type { SessionCleanupInput, SessionCleanupResult } from '../../src/contract/run.ts';
import type { sessionCleanup } from '../../workflows/index.ts';
import { TEST_DATABASE_SETTINGS } from './settings.ts';
import type { TestDatabase } from './test-database.ts';
import type { TestTemporal } from './test-namespace.ts';

const LEDGER = `${TEST_DATABASE_SETTINGS.ledgerSchema}.session_cleanup_ledger`;

/** A run and the means to watch it. */
export interface WatchedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly handle: WorkflowHandle<typeof sessionCleanup>;
  /** Its result; waits for it. */
  result(): Promise<SessionCleanupResult>;
  /** Its deleted rows so far, by the ledger. */
  inLedger(): Promise<number>;
  /**
   * Waits until the ledger has so many rows; tolerates a server that is down meanwhile. Returns the
   * number last seen.
   */
  untilDeleted(count: number, withinMilliseconds?: number): Promise<number>;
  /** The slices in its history, in order. */
  slices(): Promise<readonly RecordedSlice[]>;
}

/** One completed slice, as the history holds it. */
export interface RecordedSlice {
  /** Which attempt at it came to an end, from 1. */
  readonly attempt: number;
  readonly request: Readonly<Record<string, unknown>>;
  readonly result: Readonly<Record<string, unknown>>;
  /** Of its result. */
  readonly deletedCount: number;
}

/** Starts a run by hand. */
export async function startRun(
  database: TestDatabase,
  temporal: Pick<TestTemporal, 'client' | 'taskQueue'>,
  input: SessionCleanupInput = {},
): Promise<WatchedRun> {
  const handle = await temporal.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: `session_cleanup-${randomUUID()}`,
    taskQueue: temporal.taskQueue,
    args: [input],
  });
  return watchRun(database, temporal.client, handle.workflowId, handle.firstExecutionRunId);
}

/** Watches a run that is there already. */
export function watchRun(
  database: TestDatabase,
  client: Client,
  workflowId: string,
  runId: string,
): WatchedRun {
  const handle = client.workflow.getHandle<typeof sessionCleanup>(workflowId, runId);
  const inLedger = async (): Promise<number> => {
    const [row] = await database.sql<{ sum: string }>(
      `select coalesce(sum(deleted_count), 0) as sum from ${LEDGER} where run_id = $1`,
      [runId],
    );
    return Number(row?.sum);
  };
  return {
    workflowId,
    runId,
    handle,
    inLedger,
    result: () => handle.result(),
    untilDeleted: async (count, timeout = 120_000) =>
      await vi.waitFor(
        async () => {
          const deleted = await inLedger();
          expect(deleted).toBeGreaterThanOrEqual(count);
          return deleted;
        },
        { timeout, interval: 10 },
      ),
    slices: async () => slicesIn((await handle.fetchHistory()).events ?? []),
  };
}

type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

function slicesIn(events: HistoryEvents): readonly RecordedSlice[] {
  const eventOf = (id: unknown) => events.find(({ eventId }) => String(eventId) === String(id));
  return events.flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
    const scheduled = eventOf(completed?.scheduledEventId)?.activityTaskScheduledEventAttributes;
    if (completed == null || scheduled?.activityType?.name !== ACTIVITY_TYPE) return [];
    const started = eventOf(completed.startedEventId)?.activityTaskStartedEventAttributes;
    const result = decode(completed.result?.payloads?.[0]);
    return [
      {
        attempt: started?.attempt ?? 0,
        request: decode(scheduled.input?.payloads?.[0]),
        result,
        deletedCount: Number(result['deletedCount']),
      },
    ];
  });
}

function decode(
  payload: { readonly data?: Uint8Array | null } | undefined,
): Readonly<Record<string, unknown>> {
  const decoded: unknown = JSON.parse(Buffer.from(payload?.data ?? []).toString());
  if (typeof decoded !== 'object' || decoded === null) throw new Error('No object in a payload.');
  return { ...decoded };
}
