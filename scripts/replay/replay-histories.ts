import type { WorkflowHandle } from '@temporalio/client';
import { Worker, type ReplayWorkerOptions } from '@temporalio/worker';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** A run's history, by a name for people that no other one has. */
export interface NamedHistory {
  readonly name: string;
  readonly history: History;
}

/** The workflow as it is now. */
export type WorkflowCode = NonNullable<ReplayWorkerOptions['workflowBundle']>;

/** Why the workflow as it is now could not have had a history. */
export interface Difference {
  /** The first event that differs from what the workflow does now, such as `5 ActivityTaskScheduled`. */
  readonly event: string;
  /** In the SDK's words. */
  readonly reason: string;
}

/** How the replay of one history ended. */
export interface Replay {
  readonly name: string;
  readonly events: number;
  /** False for a run that no worker has begun with: nothing was there to be replayed. */
  readonly hasBegun: boolean;
  /** Undefined: the workflow would do the same again. */
  readonly difference: Difference | undefined;
}

/**
 * Has the workflow go through histories again, all with one bundle, and tells of each whether it
 * would do the same, in their order.
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

/** What the SDK has against each history; undefined where it has nothing. */
async function reasonsAgainst(
  histories: readonly NamedHistory[],
  code: WorkflowCode,
): Promise<readonly (string | undefined)[]> {
  // A history does not hold its workflow's id, so its name can stand there.
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
 * Whether a worker has begun with a run. Before that its history holds nothing that a workflow did;
 * with that of a delayed start, which is one event, the SDK would wait for ever.
 */
function hasBegun({ events }: History): boolean {
  return (events ?? []).some((event) => event.workflowTaskStartedEventAttributes != null);
}

/** The sentence that matters, out of the SDK's account of how it learnt of it. */
function reasonIn(message: string): string {
  const quoted = /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return (quoted ?? message).replace(/^\[TMPRL1100\] Nondeterminism error: /, '');
}

/**
 * The SDK names the event where the workflow does something else, and not where it does the same
 * with other particulars, such as another activity. Then the longest beginning that still replays
 * leads there.
 */
async function firstDiffering(
  history: History,
  reason: string,
  code: WorkflowCode,
): Promise<string> {
  const told = /HistoryEvent\(id: (\d+), (\w+)\)/.exec(reason);
  if (told !== null) return `${told[1]} ${told[2]}`;
  const events = history.events ?? [];
  // A history may end where a workflow task has been started, as if it were still going on.
  const beginnings = events.flatMap((event, index) =>
    event.workflowTaskStartedEventAttributes
      ? [{ name: String(index), history: { events: events.slice(0, index + 1) } }]
      : [],
  );
  const reasons = await reasonsAgainst(beginnings, code);
  const lastGood = beginnings.findLast((_, index) => reasons[index] === undefined);
  // After the task's start comes its completion, and then what the workflow did in it.
  const index = lastGood === undefined ? 0 : Number(lastGood.name) + 2;
  return `${index + 1} ${typeOf(events[index])}`;
}

function typeOf(event: object | undefined): string {
  const attributes = Object.keys(event ?? {}).find((key) => key.endsWith('EventAttributes'));
  const name = attributes?.replace(/EventAttributes$/, '') ?? 'unknown';
  return name.charAt(0).toUpperCase() + name.slice(1);
}
