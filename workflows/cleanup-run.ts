import { FAILURE } from '../src/contract.ts';
import type {
  ListedSlice,
  ResumePoint,
  RunProgress,
  SessionCleanupResult,
  SliceRequest,
  SliceResult,
  TargetProgress,
  TargetResult,
  TargetStop,
} from '../src/contract.ts';
import type { SliceEnd, TargetFailure, WithoutResult } from './slice-end.ts';

/** What happened to one target so far. */
interface TargetWork {
  readonly target: string;
  readonly slices: readonly ListedSlice[];
  /** Where the next slice goes on; undefined before the first. */
  readonly resumeFrom?: ResumePoint | undefined;
  /** Undefined while there is more to do. */
  readonly stopped?: TargetStop | undefined;
  readonly failure?: TargetFailure | undefined;
  /** Rows deleted by a slice that ended without a result, and so is none of `slices`. */
  readonly unlistedCount?: number | undefined;
  /** True when nobody could tell that number. */
  readonly isUncounted?: boolean | undefined;
}

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
      ...(this.#dryRun ? { dryRun: true } : {}),
      ...(isFirst && this.#targets.length > 1
        ? { runTargets: this.#targets.map(({ target }) => target) }
        : {}),
    };
  }

  /** Takes in how the slice that {@link nextSlice} asked for ended. */
  record(end: SliceEnd): void {
    if (this.#targets.length === 0) this.#targets = targetsToldBy(end).map(untouched);
    switch (end.kind) {
      case 'completed':
        return this.#recordResult(end.result);
      case 'not-begun':
        return this.#cancel();
      case 'cancelled':
        this.#recordWithoutResult(end);
        return this.#cancel();
      case 'failed':
        return this.#recordFailure(end);
    }
  }

  result(): SessionCleanupResult {
    const targets = this.#targets.map((work): TargetResult => ({
      target: work.target,
      ...countsOf(work),
      slices: work.slices,
      // Only a cancelled run ends with work left to do.
      stopped: work.stopped ?? 'cancelled',
    }));
    return {
      cutoff: this.#cutoff,
      deletedCount: total(targets, 'deletedCount'),
      skippedLocked: total(targets, 'skippedLocked'),
      targets,
    };
  }

  progress(): RunProgress {
    const current = this.#current();
    const targets = this.#targets.map((work): TargetProgress => ({
      target: work.target,
      state: work.stopped ?? (work === current ? 'working' : 'waiting'),
      ...countsOf(work),
      slices: work.slices.length,
      seconds: total(work.slices, 'seconds'),
    }));
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
    this.#addSlice(result);
    switch (result.stopped) {
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
    this.#targets = this.#targets.map((work) => ({
      ...work,
      stopped: work.stopped ?? 'cancelled',
    }));
  }

  #change(change: Partial<TargetWork>): void {
    const current = this.#current();
    this.#targets = this.#targets.map((work) => (work === current ? { ...work, ...change } : work));
  }
}

function untouched(target: string): TargetWork {
  return { target, slices: [] };
}

function isUntouched(work: TargetWork): boolean {
  return work.slices.length === 0 && work.stopped === undefined;
}

/** The names that a slice's end tells, to a run that was not told which targets there are. */
function targetsToldBy(end: SliceEnd): readonly string[] {
  switch (end.kind) {
    case 'completed':
      return end.result.configuredTargets;
    case 'not-begun':
      return [];
    case 'cancelled':
    case 'failed':
      return end.settled?.configuredTargets ?? end.details?.configuredTargets ?? [UNNAMED];
  }
}

function countsOf(work: TargetWork): Pick<TargetResult, 'deletedCount' | 'skippedLocked'> {
  return {
    deletedCount: total(work.slices, 'deletedCount') + (work.unlistedCount ?? 0),
    skippedLocked: total(work.slices, 'skippedLocked'),
  };
}

function total<Key extends string>(
  items: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}
