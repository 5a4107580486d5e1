import type {
  RunPlan,
  RunProgress,
  SessionCleanupResult,
  TargetResult,
  TargetStop,
} from '../src/contract/run.ts';
import type { SettledSlice, SliceProgress, SliceRequest } from '../src/contract/slice.ts';
import type { SliceEnd, TargetFailure } from './slices.ts';
import {
  progressOf,
  resultOf,
  total,
  totalSeconds,
  withSettlement,
  withSliceEnd,
  type TargetState,
} from './target-state.ts';

/** The state of a run that continue-as-new carries over. */
export interface CarriedRun {
  readonly cutoff: string;
  readonly dryRun: boolean;
  /** Undefined until the configuration has been asked. */
  readonly plan?: RunPlan | undefined;
  readonly targets?: readonly TargetState[];
  /** Index of the target whose turn it is. */
  readonly turn?: number;
}

/** What the workflow does next. */
export type Step =
  | { readonly kind: 'slice'; readonly request: SliceRequest }
  /** Ask the ledger for the count of an open slice, and pass it to {@link CleanupRun.settle}. */
  | { readonly kind: 'settle'; readonly target: string; readonly slice: number }
  /** Wait for an operator, at the latest until that instant (milliseconds since 1970). */
  | { readonly kind: 'wait'; readonly until: number | undefined }
  | { readonly kind: 'continue-as-new' }
  | { readonly kind: 'end' };

/** What the next step depends on besides the run itself. */
export interface Conditions {
  readonly isPaused: boolean;
  readonly isCancelled: boolean;
  /** The history has become long, and this execution has done a slice. */
  readonly isLong: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The run stops waiting this long before the next slot, so that the slot is not skipped. Milliseconds. */
const LONGEST_MARGIN = 30_000;

/** The same as a share of the interval, where that is less. */
const MARGIN_SHARE = 0.1;

/**
 * The state machine of one run. Pure: the workflow carries out each step and records its outcome here.
 *
 * A requested slice is *open* until its count is known: from its result, from the ledger, or reported as missing
 * because the database does not answer. The run settles open slices before it waits, continues as new or ends.
 */
export class CleanupRun {
  #carried: Required<CarriedRun>;
  #isCancelled = false;
  /** Why the run could not begin. */
  #failure: TargetFailure | undefined;
  /** Target whose slice is running. */
  #running: string | undefined;
  /** What the running slice reported last. */
  #live: SliceProgress | undefined;
  /** When the wait for approvals ends. */
  #waitsUntil: number | undefined;

  constructor(carried: CarriedRun) {
    this.#carried = { plan: undefined, targets: [], turn: 0, ...carried };
  }

  carry(): CarriedRun {
    return this.#carried;
  }

  /** False until {@link follow} has been called, in this run or in one that it continues. */
  get isPlanned(): boolean {
    return this.#carried.plan !== undefined;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Takes over which targets there are, and what limits the run. */
  follow(plan: RunPlan): void {
    this.#update({
      plan,
      targets: plan.targets.map((target) => ({ target, slices: [], slice: 0 })),
    });
  }

  /** Ends a run that could not learn its targets; `targets` are those that its input names. */
  failAll(targets: readonly string[], failure: TargetFailure): void {
    this.follow({ targets });
    this.#failure = failure;
    this.#changeAll((state) => ({ ...state, failure, stopped: 'failed' }));
  }

  /** Why the run fails: its own failure, or that of the first target that failed. */
  get failure(): TargetFailure | undefined {
    return this.#failure ?? this.failures[0];
  }

  /** The targets that failed, in order. */
  get failures(): readonly (TargetFailure & { readonly target: string })[] {
    return this.#targets.flatMap(({ target, failure }) =>
      failure === undefined ? [] : [{ target, ...failure }],
    );
  }

  /** The targets that wait for approval, in order. */
  get awaiting(): readonly string[] {
    return this.#targets
      .filter(({ awaiting }) => awaiting !== undefined)
      .map(({ target }) => target);
  }

  /** Decides what to do next; the caller does it. */
  next({ isPaused, isCancelled, isLong, now }: Conditions): Step {
    if (isCancelled) this.#cancel();
    // A finished target's open slice is settled at once; after that its count is known, or reported missing.
    const finished = this.#targets.find(({ open, stopped }) => open && stopped);
    if (finished !== undefined) return settleStep(finished);
    if (!isPaused) this.#stopOverBudget();
    const ready = this.#nextTarget();
    if (this.#isUnfinished() && (isPaused || isLong || ready === undefined)) {
      const open = this.#targets.find(({ open }) => open && open.isUnsettled !== true);
      if (open !== undefined) return settleStep(open);
      const isSettled = this.#targets.every(({ open }) => open === undefined);
      if (isLong && isSettled) return { kind: 'continue-as-new' };
      if (isPaused) return { kind: 'wait', until: undefined };
      if (ready === undefined) return { kind: 'wait', until: this.#waitUntil(now) };
    }
    this.#waitsUntil = undefined;
    return ready === undefined ? { kind: 'end' } : { kind: 'slice', request: this.#request(ready) };
  }

  /** Records how the requested slice ended. */
  record(end: SliceEnd): void {
    const target = this.#running;
    this.#live = undefined;
    this.#running = undefined;
    this.#change(target, (state) => withSliceEnd(state, end, this.#carried.dryRun));
    if (end.kind === 'completed' && end.result.stopped === 'time-spent') {
      this.#update({ turn: (this.#carried.turn + 1) % this.#targets.length });
    }
  }

  /** Records what the ledger says of an open slice; undefined: the database did not answer. */
  settle(target: string, settled: SettledSlice | undefined): void {
    this.#change(target, (state) => withSettlement(state, settled));
  }

  /** Records what the running slice reports; reports of other slices are late, and ignored. */
  report(progress: SliceProgress): void {
    const running = this.#targets.find(({ target }) => target === this.#running);
    if (running?.target === progress.target && running.slice === progress.slice) {
      this.#live = progress;
    }
  }

  /** Approves or rejects a target that waits for approval. A rejected one keeps all its rows. */
  answer(target: string, isApproved: boolean): void {
    this.#change(target, (state) => {
      if (state.awaiting === undefined) return state;
      const answered: TargetState = { ...state, awaiting: undefined };
      return isApproved ? { ...answered, isApproved } : { ...answered, stopped: 'rejected' };
    });
  }

  /** No answer in time: targets that wait for approval keep their rows. */
  stopWaiting(): void {
    this.#stop('unapproved', ({ awaiting }) => awaiting !== undefined);
  }

  result(): SessionCleanupResult {
    const targets = this.#targets.map(resultOf);
    return { ...this.#totals(targets), targets, dryRun: this.#carried.dryRun ? true : undefined };
  }

  progress(): RunProgress {
    const { dryRun } = this.#carried;
    const targets = this.#targets.map((state) => {
      const isRunning = state.target === this.#running;
      return progressOf(state, isRunning, isRunning ? this.#live : undefined, dryRun);
    });
    const until = this.#waitsUntil;
    const approvalUntil = until === undefined ? undefined : new Date(until).toISOString();
    return { ...this.#totals(targets), dryRun, targets, approvalUntil };
  }

  #totals(
    targets: readonly Pick<TargetResult, 'deletedCount' | 'skippedLocked'>[],
  ): Pick<SessionCleanupResult, 'cutoff' | 'deletedCount' | 'skippedLocked'> {
    return {
      cutoff: this.#carried.cutoff,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
    };
  }

  #isUnfinished(): boolean {
    return this.#targets.some(({ stopped }) => stopped === undefined);
  }

  #nextTarget(): TargetState | undefined {
    const { targets, turn } = this.#carried;
    return [...targets.slice(turn), ...targets.slice(0, turn)].find(isReady);
  }

  #request(state: TargetState): SliceRequest {
    const budgetSeconds = this.#budgetShare();
    const { dryRun, cutoff } = this.#carried;
    const { target, slice, resumeFrom, open, isApproved } = state;
    this.#running = target;
    this.#update({ turn: this.#targets.indexOf(state) });
    this.#change(target, () => ({ ...state, open: open ?? {} }));
    return {
      target,
      cutoff,
      slice,
      resumeFrom,
      isRepeated: open && true,
      isApproved,
      dryRun: dryRun ? true : undefined,
      budgetSeconds,
    };
  }

  /** Time that the next slice may work: an equal part of the rest for each target that is ready. */
  #budgetShare(): number | undefined {
    const left = this.#budgetLeft();
    if (left === undefined) return undefined;
    return Math.max(Math.floor(left / Math.max(this.#targets.filter(isReady).length, 1)), 1);
  }

  #budgetLeft(): number | undefined {
    const { plan, targets, dryRun } = this.#carried;
    const budget = plan?.runBudgetSeconds;
    const worked = targets.reduce((sum, { slices }) => sum + totalSeconds(slices), 0);
    return budget === undefined || dryRun ? undefined : budget - worked;
  }

  /** Every target gets at least one slice, whatever the others have spent. */
  #stopOverBudget(): void {
    if ((this.#budgetLeft() ?? 1) > 0) return;
    this.#stop('budget', (state) => isReady(state) && state.slices.length > 0);
  }

  /** Shortly before the schedule's next slot; stays the same for one wait. */
  #waitUntil(now: number): number | undefined {
    const slots = this.#carried.plan?.slots;
    if (slots === undefined) return undefined;
    const [interval, offset] = [slots.intervalSeconds * 1_000, slots.offsetSeconds * 1_000];
    const next = (Math.floor((now - offset) / interval) + 1) * interval + offset;
    const margin = Math.min(LONGEST_MARGIN, interval * MARGIN_SHARE);
    this.#waitsUntil ??= Math.max(next - margin, now);
    return this.#waitsUntil;
  }

  /** Stops all unfinished targets; open slices stay open. A run with nothing left to do completes. */
  #cancel(): void {
    if (this.#isCancelled || (this.#targets.length > 0 && !this.#isUnfinished())) return;
    this.#isCancelled = true;
    this.#stop('cancelled', ({ stopped }) => stopped === undefined);
  }

  #stop(stopped: TargetStop, isMeant: (state: TargetState) => boolean): void {
    this.#changeAll((state) =>
      isMeant(state) ? { ...state, awaiting: undefined, stopped } : state,
    );
  }

  #change(target: string | undefined, change: (state: TargetState) => TargetState): void {
    this.#changeAll((state) => (state.target === target ? change(state) : state));
  }

  #changeAll(change: (state: TargetState) => TargetState): void {
    this.#update({ targets: this.#targets.map(change) });
  }

  #update(changed: Partial<CarriedRun>): void {
    this.#carried = { ...this.#carried, ...changed };
  }

  get #targets(): readonly TargetState[] {
    return this.#carried.targets;
  }
}

/** Whether a target has work to do and does not wait for approval. */
function isReady({ stopped, awaiting }: TargetState): boolean {
  return stopped === undefined && awaiting === undefined;
}

function settleStep({ target, slice }: TargetState): Step {
  return { kind: 'settle', target, slice };
}
