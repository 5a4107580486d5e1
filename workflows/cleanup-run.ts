import type { RunPlan, RunProgress, SessionCleanupResult } from '../src/contract/run.ts';
import type {
  ApprovalRequest,
  SettledSlice,
  SliceProgress,
  SliceRequest,
  SliceResult,
} from '../src/contract/slice.ts';
import { total, totalSeconds } from './finished-slices.ts';
import type { SliceEnd, TargetFailure } from './slice-end.ts';
import {
  interrupted,
  opened,
  progressOf,
  resultOf,
  unsettled,
  untouched,
  withoutBeginning,
  withoutCount,
  withResult,
  withSettlement,
  type TargetWork,
} from './target-work.ts';

/** All that a run knows, in a form that a continued run takes over. */
export interface CarriedRun {
  readonly cutoff: string;
  readonly dryRun: boolean;
  /** Undefined until the configuration has been asked. */
  readonly plan?: RunPlan | undefined;
  readonly targets: readonly TargetWork[];
  /** Index of the target whose turn it is. */
  readonly turn: number;
}

/** What the workflow does next. */
export type Step =
  | { readonly kind: 'slice'; readonly request: SliceRequest }
  /** Ask the ledger for the count of an open slice, and report the answer to {@link CleanupRun.settle}. */
  | { readonly kind: 'settle'; readonly target: string; readonly slice: number }
  /** Nothing can be done until an operator acts, at the latest until that instant (milliseconds since 1970). */
  | { readonly kind: 'wait'; readonly until: number | undefined }
  | { readonly kind: 'continue-as-new' }
  | { readonly kind: 'end' };

/** What the next step depends on besides the run itself. */
export interface Circumstances {
  readonly isPaused: boolean;
  readonly isCancelled: boolean;
  /** The history has become long, and this execution has done a slice. */
  readonly isLong: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The run stops waiting so long before the next slot, so that this slot is not skipped. Milliseconds. */
const LONGEST_MARGIN = 30_000;

/** The same as a share of the interval, where that is less. */
const MARGIN_SHARE = 0.1;

/**
 * The state of one run: what comes next, what has been deleted, how it ended. Pure; the workflow takes the
 * steps and records here what came of them.
 *
 * A slice that has been requested is *open* until its count is known: by its result, by what the ledger says of
 * it, or because the database could not say, which the result then reports. The run neither waits nor continues as
 * new nor ends before it has asked for the counts of all open slices.
 */
export class CleanupRun {
  readonly #cutoff: string;
  readonly #dryRun: boolean;
  #plan: RunPlan | undefined;
  #targets: readonly TargetWork[];
  #turn: number;
  #isCancelled = false;
  #failure: TargetFailure | undefined;
  /** Target of the activity that is running. */
  #inHand: string | undefined;
  /** What it reported last, if it has been at work for long enough to report. */
  #live: SliceProgress | undefined;
  #waitsUntil: number | undefined;

  private constructor({ cutoff, dryRun, plan, targets, turn }: CarriedRun) {
    this.#cutoff = cutoff;
    this.#dryRun = dryRun;
    this.#plan = plan;
    this.#targets = targets;
    this.#turn = turn;
  }

  static begin(cutoff: string, dryRun: boolean): CleanupRun {
    return new CleanupRun({ cutoff, dryRun, targets: [], turn: 0 });
  }

  /** Continues where {@link carry} left off. */
  static resume(carried: CarriedRun): CleanupRun {
    return new CleanupRun(carried);
  }

  carry(): CarriedRun {
    const [cutoff, dryRun, turn] = [this.#cutoff, this.#dryRun, this.#turn];
    return { cutoff, dryRun, plan: this.#plan, targets: this.#targets, turn };
  }

  /** False until {@link follow} has been called, in this run or in one that it continues. */
  get isPlanned(): boolean {
    return this.#plan !== undefined;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Takes over which targets there are, and what limits the run. */
  follow(plan: RunPlan): void {
    this.#plan = plan;
    this.#targets = plan.targets.map(untouched);
  }

  /** Ends a run that could not learn which targets there are; `targets` are those that its input names. */
  failAll(targets: readonly string[], failure: TargetFailure): void {
    this.#failure = failure;
    this.#targets = targets.map((target) => ({
      ...untouched(target),
      failure,
      stopped: 'failed' as const,
    }));
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

  /** Targets that wait for approval, with what would be deleted. */
  get awaiting(): readonly (ApprovalRequest & { readonly target: string })[] {
    return this.#targets.flatMap(({ target, awaiting }) =>
      awaiting === undefined ? [] : [{ target, ...awaiting }],
    );
  }

  /** Decides what to do next, and assumes that the caller does it. */
  next(circumstances: Circumstances): Step {
    const { isPaused, isCancelled, isLong, now } = circumstances;
    if (isCancelled) this.#cancel();
    // What an ended target has left open is asked for at once; after that its count is known, or reported missing.
    const ended = this.#targets.find(
      ({ open, stopped }) => open !== undefined && stopped !== undefined,
    );
    if (ended !== undefined) return settleStep(ended);
    if (!isPaused) this.#stopWhatIsOverBudget();
    const work = this.#nextTarget();
    const isWaiting = isPaused
      ? this.#isUnfinished()
      : work === undefined && this.awaiting.length > 0;
    if (isWaiting || (isLong && work !== undefined)) {
      const open = this.#targets.find(
        ({ open }) => open !== undefined && open.isUnsettled !== true,
      );
      if (open !== undefined) return settleStep(open);
    }
    if (isLong && this.#isUnfinished() && this.#targets.every(({ open }) => open === undefined)) {
      return { kind: 'continue-as-new' };
    }
    if (isWaiting) return { kind: 'wait', until: isPaused ? undefined : this.#waitUntil(now) };
    this.#waitsUntil = undefined;
    return work === undefined ? { kind: 'end' } : { kind: 'slice', request: this.#open(work) };
  }

  /** Takes in how the requested slice ended. */
  record(end: SliceEnd): void {
    const target = this.#inHand;
    const work = this.#targets.find((candidate) => candidate.target === target);
    this.#live = undefined;
    this.#inHand = undefined;
    if (work === undefined) return;
    switch (end.kind) {
      case 'completed':
        return this.#recordResult(work, end.result);
      case 'interrupted':
        return this.#replace(this.#dryRun ? withoutBeginning(work) : interrupted(work));
      case 'failed': {
        const { failure, details } = end;
        const failed = { ...work, failure, stopped: 'failed' } as const;
        const hasNothing = this.#dryRun || details?.isUntouched === true;
        this.#replace(
          hasNothing ? withoutBeginning(failed) : interrupted(failed, details?.deletedSoFar),
        );
      }
    }
  }

  /** Takes in what the ledger says of an open slice; undefined: it could not be asked. */
  settle(target: string, settled: SettledSlice | undefined): void {
    const work = this.#targets.find((candidate) => candidate.target === target);
    if (work === undefined) return;
    if (settled !== undefined) this.#replace(withSettlement(work, settled));
    // A run that goes on asks again later.
    else this.#replace(work.stopped === undefined ? unsettled(work) : withoutCount(work));
  }

  /** Takes in what the running slice reports; one that has ended reports nothing more. */
  note(live: SliceProgress): void {
    const work = this.#targets.find(({ target }) => target === this.#inHand);
    if (work?.target === live.target && work.slice === live.slice) this.#live = live;
  }

  /** Answers a target that waits for approval. A rejected one keeps all its rows. */
  answer(target: string, isApproved: boolean): void {
    const work = this.#targets.find((candidate) => candidate.target === target);
    if (work?.awaiting === undefined) return;
    this.#replace(
      isApproved
        ? { ...work, awaiting: undefined, isApproved: true }
        : { ...work, awaiting: undefined, stopped: 'rejected' },
    );
  }

  /** Nobody has answered in time: targets that wait for approval keep their rows. */
  stopWaiting(): void {
    this.#targets = this.#targets.map((work) =>
      work.awaiting === undefined ? work : { ...work, awaiting: undefined, stopped: 'unapproved' },
    );
  }

  result(): SessionCleanupResult {
    const targets = this.#targets.map(resultOf);
    return {
      cutoff: this.#cutoff,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
      targets,
      ...(this.#dryRun ? { dryRun: true } : {}),
    };
  }

  progress(): RunProgress {
    const targets = this.#targets.map((work) => {
      const isInHand = work.target === this.#inHand;
      return progressOf(work, isInHand, isInHand ? this.#live : undefined, this.#dryRun);
    });
    return {
      cutoff: this.#cutoff,
      dryRun: this.#dryRun,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
      targets,
      ...(this.#waitsUntil === undefined
        ? {}
        : { approvalUntil: new Date(this.#waitsUntil).toISOString() }),
    };
  }

  #isUnfinished(): boolean {
    return this.#targets.some(({ stopped }) => stopped === undefined);
  }

  /** The next target in turn that has work to do and does not wait for approval. */
  #nextTarget(): TargetWork | undefined {
    const inTurn = [...this.#targets.slice(this.#turn), ...this.#targets.slice(0, this.#turn)];
    return inTurn.find(({ stopped, awaiting }) => stopped === undefined && awaiting === undefined);
  }

  #open(work: TargetWork): SliceRequest {
    const isRepeated = work.open !== undefined;
    const budgetSeconds = this.#budgetShare();
    this.#inHand = work.target;
    this.#turn = this.#targets.indexOf(work);
    this.#replace(opened(work));
    return {
      target: work.target,
      cutoff: this.#cutoff,
      slice: work.slice,
      ...(work.resumeFrom === undefined ? {} : { resumeFrom: work.resumeFrom }),
      ...(isRepeated ? { isRepeated } : {}),
      ...(work.isApproved === true ? { isApproved: true } : {}),
      ...(this.#dryRun ? { dryRun: true } : {}),
      ...(budgetSeconds === undefined ? {} : { budgetSeconds }),
    };
  }

  #recordResult(work: TargetWork, result: SliceResult): void {
    this.#replace(withResult(work, result));
    // The others get their turn.
    if (result.stopped === 'time-spent') this.#turn = (this.#turn + 1) % this.#targets.length;
  }

  /** Time that the next slice may work: an equal part of what is left for each target that has work to do. */
  #budgetShare(): number | undefined {
    const left = this.#budgetLeft();
    if (left === undefined) return undefined;
    const working = this.#targets.filter(
      ({ stopped, awaiting }) => stopped === undefined && awaiting === undefined,
    );
    return Math.max(Math.floor(left / Math.max(working.length, 1)), 1);
  }

  #budgetLeft(): number | undefined {
    const budget = this.#plan?.runBudgetSeconds;
    const worked = this.#targets.reduce((sum, { slices }) => sum + totalSeconds(slices), 0);
    return budget === undefined || this.#dryRun ? undefined : budget - worked;
  }

  /** A target that has not worked is begun all the same: what the others need must not keep it from being cleaned. */
  #stopWhatIsOverBudget(): void {
    if ((this.#budgetLeft() ?? 1) > 0) return;
    this.#targets = this.#targets.map((work) =>
      work.stopped === undefined && work.awaiting === undefined && work.slices.length > 0
        ? { ...work, stopped: 'budget' }
        : work,
    );
  }

  /** Shortly before the schedule's next slot. */
  #waitUntil(now: number): number | undefined {
    const slots = this.#plan?.slots;
    if (slots === undefined) return undefined;
    const [interval, offset] = [slots.intervalSeconds * 1_000, slots.offsetSeconds * 1_000];
    const next = (Math.floor((now - offset) / interval) + 1) * interval + offset;
    const margin = Math.min(LONGEST_MARGIN, interval * MARGIN_SHARE);
    this.#waitsUntil ??= Math.max(next - margin, now);
    return this.#waitsUntil;
  }

  /** Ends all that is not finished; open slices stay open. */
  #cancel(): void {
    // One that had nothing left to do ends as it would have.
    if (this.#isCancelled || (this.#targets.length > 0 && !this.#isUnfinished())) return;
    this.#isCancelled = true;
    this.#targets = this.#targets.map((work) => ({
      ...work,
      awaiting: undefined,
      stopped: work.stopped ?? 'cancelled',
    }));
  }

  #replace(changed: TargetWork): void {
    this.#targets = this.#targets.map((work) => (work.target === changed.target ? changed : work));
  }
}

function settleStep({ target, slice }: TargetWork): Step {
  return { kind: 'settle', target, slice };
}
