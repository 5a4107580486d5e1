import { FAILURE } from '../src/contract.ts';
import type {
  BrakeReport,
  ListedSlice,
  RunProgress,
  SessionCleanupResult,
  SliceProgress,
  SliceRequest,
  SliceResult,
} from '../src/contract.ts';
import type { SliceEnd, TargetFailure, WithoutResult } from './slice-end.ts';
import {
  isUntouched,
  progressOf,
  resultOf,
  total,
  untouched,
  type TargetWork,
} from './target-work.ts';

/** All that a run knows, in a form that a continued run takes over. */
export interface CarriedRun {
  readonly cutoff: string;
  readonly dryRun: boolean;
  /** Empty until the first slice tells which targets are configured. */
  readonly targets: readonly TargetWork[];
}

/** Name of a target that failed before anybody could tell what it is called. */
const UNNAMED = '(first configured target)';

/**
 * The state of one run: which slice comes next, what has been deleted, how it ended. Pure; the
 * workflow performs the slices and records their ends here.
 */
export class CleanupRun {
  readonly #cutoff: string;
  readonly #dryRun: boolean;
  #targets: readonly TargetWork[];
  #isCancelled = false;
  /** What the slice in hand told last, if it has been at work for long enough to tell. */
  #live: SliceProgress | undefined;

  private constructor({ cutoff, dryRun, targets }: CarriedRun) {
    this.#cutoff = cutoff;
    this.#dryRun = dryRun;
    this.#targets = targets;
  }

  /** A run over the named targets, or over all configured ones. */
  static begin(cutoff: string, dryRun: boolean, named: readonly string[] = []): CleanupRun {
    return new CleanupRun({ cutoff, dryRun, targets: named.map(untouched) });
  }

  /** Goes on where {@link carry} left off. */
  static resume(carried: CarriedRun): CleanupRun {
    return new CleanupRun(carried);
  }

  carry(): CarriedRun {
    return { cutoff: this.#cutoff, dryRun: this.#dryRun, targets: this.#targets };
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** The targets that failed, in order. */
  get failures(): readonly (TargetFailure & { readonly target: string })[] {
    return this.#targets.flatMap(({ target, failure }) =>
      failure === undefined ? [] : [{ target, ...failure }],
    );
  }

  /** Targets of which the last slice may have deleted rows that no count holds. */
  get uncounted(): readonly string[] {
    return this.#targets.filter((work) => work.isUncounted).map((work) => work.target);
  }

  /** What to do next; undefined when nothing is left to do. */
  nextSlice(): SliceRequest | undefined {
    const work = this.#current();
    if (work === undefined && this.#targets.length > 0) return undefined;
    if (this.#isCancelled) return undefined;
    const isFirst = this.#targets.every(isUntouched);
    return {
      ...(work === undefined ? {} : { target: work.target }),
      cutoff: this.#cutoff,
      slice: work?.slices.length ?? 0,
      ...(work?.resumeFrom === undefined ? {} : { resumeFrom: work.resumeFrom }),
      ...(work?.isApproved === true ? { isApproved: true } : {}),
      ...(this.#dryRun ? { dryRun: true } : {}),
      ...(isFirst && this.#targets.length > 1
        ? { runTargets: this.#targets.map(({ target }) => target) }
        : {}),
    };
  }

  /** Takes in how the slice that {@link nextSlice} asked for ended. */
  record(end: SliceEnd): void {
    this.#live = undefined;
    if (this.#targets.length === 0) this.#targets = targetsToldBy(end).map(untouched);
    switch (end.kind) {
      case 'completed':
        return this.#recordResult(end.result);
      case 'not-begun':
        return this.#cancel();
      case 'interrupted':
        // Asked for again, the same slice goes on from the ledger and counts what it has done.
        return;
      case 'cancelled':
        this.#recordWithoutResult(end);
        return this.#cancel();
      case 'failed':
        return this.#recordFailure(end);
    }
  }

  /** Takes in what the slice in hand tells; one that has ended tells nothing more. */
  note(live: SliceProgress): void {
    const { target, slices } = this.#current() ?? untouched(live.target);
    if (live.target === target && live.slice === slices.length) this.#live = live;
  }

  /** The target that waits for approval, with what would be deleted. */
  get awaiting(): (BrakeReport & { readonly target: string }) | undefined {
    const work = this.#current();
    return work?.awaiting && { target: work.target, ...work.awaiting };
  }

  /** Answers {@link awaiting}. A rejected target keeps all its rows. */
  answer(isApproved: boolean): void {
    this.#change(
      isApproved
        ? { awaiting: undefined, isApproved: true }
        : { awaiting: undefined, stopped: 'rejected' },
    );
  }

  result(): SessionCleanupResult {
    const targets = this.#targets.map(resultOf);
    return {
      cutoff: this.#cutoff,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
      targets,
    };
  }

  progress(): RunProgress {
    const current = this.#current();
    // Until the first slice has ended, only what it tells says which target that is.
    const known =
      this.#targets.length > 0 || !this.#live ? this.#targets : [untouched(this.#live.target)];
    const targets = known.map((work) => {
      const isCurrent = work === current || (current === undefined && work.stopped === undefined);
      return progressOf(work, isCurrent, isCurrent ? this.#live : undefined, this.#dryRun);
    });
    return {
      cutoff: this.#cutoff,
      dryRun: this.#dryRun,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
      targets,
    };
  }

  #current(): TargetWork | undefined {
    return this.#targets.find((work) => work.stopped === undefined);
  }

  #recordResult(result: SliceResult): void {
    // It has not begun, and the same slice is asked for again once somebody has approved it.
    if (result.stopped === 'approval-needed') return this.#change({ awaiting: result.brake });
    this.#addSlice(result);
    switch (result.stopped) {
      case 'budget':
        this.#change({ stopped: 'budget', estimatedLeft: result.estimatedLeft });
        return this.#end('budget');
      case 'cancelled':
        return this.#cancel();
      case 'drained':
        return this.#change({ stopped: 'drained' });
      case 'time-spent':
      case 'handed-over':
        // One that was stopped before its first chunk has no position of its own to tell.
        return this.#change({ resumeFrom: result.resumeFrom ?? this.#current()?.resumeFrom });
    }
  }

  #recordFailure(end: SliceEnd & { readonly kind: 'failed' }): void {
    const failed = { failure: end.failure, stopped: 'failed' } as const;
    if (end.failure.type === FAILURE.unknownTarget && this.#targets.every(isUntouched)) {
      // The input is wrong, not a table: nothing has been deleted, and nothing shall be.
      this.#targets = this.#targets.map((work) => ({ ...work, ...failed }));
      return;
    }
    this.#recordWithoutResult(end);
    this.#change(failed);
  }

  #recordWithoutResult({ details, settled }: WithoutResult): void {
    if (settled !== undefined) this.#addSlice(settled);
    else if (details?.deletedSoFar !== undefined)
      this.#change({ unlistedCount: details.deletedSoFar });
    else this.#change({ isUncounted: !this.#dryRun });
  }

  #addSlice({ way, deletedCount, skippedLocked, seconds, waits }: ListedSlice): void {
    const slice = {
      ...(way === undefined ? {} : { way }),
      deletedCount,
      skippedLocked,
      seconds,
      ...(waits === undefined ? {} : { waits }),
    };
    this.#change({ slices: [...(this.#current()?.slices ?? []), slice] });
  }

  /** Ends all that is not finished. */
  #cancel(): void {
    this.#isCancelled = true;
    this.#end('cancelled');
  }

  #end(stopped: 'cancelled' | 'budget'): void {
    this.#targets = this.#targets.map((work) => ({ ...work, stopped: work.stopped ?? stopped }));
  }

  #change(change: Partial<TargetWork>): void {
    const current = this.#current();
    this.#targets = this.#targets.map((work) => (work === current ? { ...work, ...change } : work));
  }
}

/** The names that a slice's end tells, to a run that was not told which targets there are. */
function targetsToldBy(end: SliceEnd): readonly string[] {
  switch (end.kind) {
    case 'completed':
      return end.result.configuredTargets;
    case 'not-begun':
    case 'interrupted':
      return [];
    case 'cancelled':
    case 'failed':
      return end.settled?.configuredTargets ?? end.details?.configuredTargets ?? [UNNAMED];
  }
}
