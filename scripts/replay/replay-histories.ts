import type { WorkflowHandle } from '@temporalio/client';
import { Worker, type ReplayWorkerOptions } from '@temporalio/worker';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** A run's history, under a unique name. */
export interface NamedHistory {
  readonly name: string;
  readonly history: History;
}

export type WorkflowCode = NonNullable<ReplayWorkerOptions['workflowBundle']>;

/** Why the current workflow does not fit a history. */
export interface Difference {
  /** The first event that differs, such as `5 ActivityTaskScheduled`. */
  readonly event: string;
  /** In the SDK's words. */
  readonly reason: string;
}

export interface Replay {
  readonly name: string;
  readonly events: number;
  /** False for a run that no worker has started: there was nothing to replay. */
  readonly hasBegun: boolean;
  /** Undefined: the workflow would do the same. */
  readonly difference: Difference | undefined;
}

/**
 * Replays histories with one bundle, and returns for each, in their order, whether the workflow would do the
 * same.
 */
export async function replayHistories(
  histories: readonly NamedHistory[],
  code: WorkflowCode,
): Promise<readonly Replay[]> {
  const reasons = await reasonsAgainst(histories, code);
  const replays: Replay[] = [];
  for (const [index, { name, history }] of histories.entries()) {
    const reason = reasons[index];
    replays.push({
      name,
      events: history.events?.length ?? 0,
      hasBegun: hasBegun(history),
      difference:
        reason === undefined
          ? undefined
          : { event: await firstDiffering(history, reason, code), reason },
    });
  }
  return replays;
}

/** The SDK's objection to each history; undefined where it has none. */
async function reasonsAgainst(
  histories: readonly NamedHistory[],
  code: WorkflowCode,
): Promise<readonly (string | undefined)[]> {
  // A history does not hold its workflow's id, so its name can be used.
  const named = histories
    .filter(({ history }) => hasBegun(history))
    .map(({ name, history }) => ({ workflowId: name, history }));
  const reasons = new Map<string, string | undefined>();
  for await (const replay of Worker.runReplayHistories({ workflowBundle: code }, named)) {
    reasons.set(replay.workflowId, replay.error && reasonIn(replay.error.message));
  }
  const missing = named.find(({ workflowId }) => !reasons.has(workflowId));
  if (missing !== undefined) throw new Error(`${missing.workflowId} was not replayed.`);
  return histories.map(({ name }) => reasons.get(name));
}

/**
 * Whether a worker has started the run. Before that its history holds nothing that a workflow did, and with
 * the one event of a delayed start the SDK would wait forever.
 */
function hasBegun({ events }: History): boolean {
  return (events ?? []).some((event) => event.workflowTaskStartedEventAttributes != null);
}

/** The reason, without the SDK's text around it. */
function reasonIn(message: string): string {
  const quoted = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return (quoted ?? message).replace(/^\[TMPRL1100\] Nondeterminism error: /, '');
}

/**
 * The SDK names the event where the workflow issues another command, but not where it issues the same command
 * with other arguments, such as another activity. Then the longest prefix that still replays leads there.
 */
async function firstDiffering(
  history: History,
  reason: string,
  code: WorkflowCode,
): Promise<string> {
  const named = /HistoryEvent\(id: (\d+), (\w+)\)/.exec(reason);
  if (named !== null) return `${named[1]} ${named[2]}`;
  const events = history.events ?? [];
  // A history may end where a workflow task has been started, like that of a running run.
  const prefixes = events.flatMap((event, index) =>
    event.workflowTaskStartedEventAttributes
      ? [{ name: String(index), history: { events: events.slice(0, index + 1) } }]
      : [],
  );
  const reasons = await reasonsAgainst(prefixes, code);
  const lastGood = prefixes.findLast((_, index) => reasons[index] === undefined);
  // After the task's start comes its completion, and then what the workflow did in it.
  const index = lastGood === undefined ? 0 : Number(lastGood.name) + 2;
  return `${index + 1} ${typeOf(events[index])}`;
}

function typeOf(event: object | undefined): string {
  const attributes = Object.keys(event ?? {}).find((key) => key.endsWith('EventAttributes'));
  const name = attributes?.replace(/EventAttributes$/, '') ?? 'unknown';
  return name.charAt(0).toUpperCase() + name.slice(1);
}
