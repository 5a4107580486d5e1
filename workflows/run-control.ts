import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../src/contract/limits.ts';
import { PROGRESS_SIGNAL, UPDATE } from '../src/contract/names.ts';
import type { ApprovalAnswer, PauseRequest } from '../src/contract/run.ts';
import type { Pace, ReportedProgress } from '../src/contract/slice.ts';
import type { CleanupRun } from './cleanup-run.ts';
import { problemsOf, type FieldChecks } from './input.ts';

/** What operators have requested of a run; a continued run takes it over. */
export interface CarriedControl {
  readonly paused?: PauseRequest | undefined;
  readonly pace?: Pace | undefined;
}

const pauseUpdate = defineUpdate<string, [PauseRequest?]>(UPDATE.pause);
const resumeUpdate = defineUpdate<string>(UPDATE.resume);
const setPaceUpdate = defineUpdate<string, [Pace]>(UPDATE.setPace);
const progressSignal = defineSignal<[ReportedProgress]>(PROGRESS_SIGNAL);

const PAUSE: FieldChecks<keyof PauseRequest> = { reason: problemOfText };
const ANSWER: FieldChecks<keyof ApprovalAnswer> = { target: problemOfText, reason: problemOfText };
const PACE: FieldChecks<keyof Pace> = {
  rowsPerSecond: (value) =>
    value === null || isWhole(value, MOST_ROWS_PER_SECOND)
      ? undefined
      : `must be null or a whole number from 1 to ${MOST_ROWS_PER_SECOND}`,
  lanes: (value) =>
    isWhole(value, MOST_LANES) ? undefined : `must be a whole number from 1 to ${MOST_LANES}`,
};

/**
 * The updates by which operators control a run: pause, resume, pace, and the answer to an approval request.
 * Each returns one line for people. Validators refuse what makes no sense, so that it is not recorded.
 */
export class RunControl {
  readonly #run: CleanupRun;
  readonly #root = CancellationScope.current();
  #requested: CarriedControl;
  /** Scope of the running slice. */
  #slice: CancellationScope | undefined;
  /** Counts the updates that {@link untilChanged} waits for. */
  #changes = 0;
  #onChange: () => void = () => undefined;

  constructor(run: CleanupRun, carried: CarriedControl = {}) {
    this.#run = run;
    this.#requested = carried;
  }

  /** What is in force now. */
  get requested(): CarriedControl {
    return this.#requested;
  }

  isRunCancelled(): boolean {
    return this.#root.consideredCancelled;
  }

  /**
   * Waits until an operator has sent an update or the run is cancelled. Returns false when `until`
   * (milliseconds since 1970) has come first.
   */
  async untilChanged(until: number | undefined): Promise<boolean> {
    const seen = this.#changes;
    const hasChanged = (): boolean => this.#changes !== seen;
    try {
      if (until !== undefined) return await condition(hasChanged, Math.max(until - Date.now(), 1));
      await condition(hasChanged);
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
    return true;
  }

  /** Runs a slice so that a pause or a new pace interrupts it. */
  async interruptible<T>(slice: () => Promise<T>): Promise<T> {
    this.#slice = new CancellationScope({ cancellable: true, parent: this.#root });
    try {
      return await this.#slice.run(slice);
    } finally {
      this.#slice = undefined;
    }
  }

  /**
   * Sets the handlers, which at once receive what was sent before.
   *
   * @param onChange - called after everything that changes the run's details
   */
  listen(onChange: () => void): void {
    this.#onChange = onChange;
    setHandler(pauseUpdate, (request?: PauseRequest) => this.#pause(request ?? {}), {
      description:
        'Stops deleting within seconds and holds no connection, until resumed. Argument: {"reason": "…"}, or none.',
      validator: (request?: PauseRequest) => {
        refuseProblems(UPDATE.pause, problemsOf(request, PAUSE));
        if (this.#requested.paused !== undefined) throw refusal('The run is already paused.');
      },
    });
    setHandler(resumeUpdate, () => this.#resume(), {
      description: 'Continues a paused run from where it stopped.',
      validator: () => {
        if (this.#requested.paused === undefined) throw refusal('The run is not paused.');
      },
    });
    setHandler(setPaceUpdate, (pace) => this.#setPace(pace), {
      description:
        'Changes how fast this run works. Argument: {"rowsPerSecond": 500, "lanes": 1}; either may be left out, and null rows mean no limit.',
      validator: (pace: unknown) => {
        const isEmpty = Object.keys(pace ?? {}).length === 0;
        const problems = isEmpty ? ['give rowsPerSecond, lanes, or both'] : problemsOf(pace, PACE);
        refuseProblems(UPDATE.setPace, problems);
      },
    });
    for (const [update, isApproved, effect] of [
      [UPDATE.approve, true, 'Deletes the expired rows'],
      [UPDATE.reject, false, 'Keeps all rows'],
    ] as const) {
      const definition = defineUpdate<string, [ApprovalAnswer?]>(update);
      setHandler(definition, (answer?: ApprovalAnswer) => this.#answer(answer, isApproved), {
        description: `${effect} of a target that waits for approval. Argument: {"target": "…"}; none if only one waits.`,
        validator: (answer?: ApprovalAnswer) => this.#checkAnswer(update, answer),
      });
    }
    setHandler(
      progressSignal,
      ({ runId, ...progress }) => {
        // A reset passes on the signals of the run before.
        if (runId !== undefined && runId !== workflowInfo().runId) return;
        this.#run.report(progress);
        this.#onChange();
      },
      { description: 'Sent by the activity while it deletes; not for operators.' },
    );
  }

  #pause(request: PauseRequest): string {
    this.#requested = { ...this.#requested, paused: request };
    this.#slice?.cancel();
    this.#noteChange();
    return `Paused${request.reason === undefined ? '' : `: ${request.reason}`}. The run stops after the current chunk.`;
  }

  #resume(): string {
    this.#requested = { ...this.#requested, paused: undefined };
    this.#noteChange();
    return 'Resumed.';
  }

  #setPace(pace: Pace): string {
    const changed = { ...this.#requested.pace, ...pace };
    this.#requested = { ...this.#requested, pace: changed };
    this.#slice?.cancel();
    this.#noteChange();
    const { rowsPerSecond, lanes } = changed;
    const rate =
      rowsPerSecond === undefined ? 'as configured' : `${rowsPerSecond ?? 'unlimited'} rows/s`;
    return `Pace: ${rate}${lanes === undefined ? '' : `, lanes: ${lanes}`}, from the next slice on.`;
  }

  #answer(answer: ApprovalAnswer | undefined, isApproved: boolean): string {
    const target = answer?.target ?? this.#run.awaiting[0] ?? '';
    this.#run.answer(target, isApproved);
    this.#noteChange();
    return isApproved
      ? `Approved: "${target}" is cleaned.`
      : `Rejected: "${target}" keeps its rows.`;
  }

  /** An answer without a target is accepted only where it is clear which one is meant. */
  #checkAnswer(update: string, answer: ApprovalAnswer | undefined): void {
    refuseProblems(update, problemsOf(answer, ANSWER));
    const { awaiting } = this.#run;
    const names = awaiting.map((target) => `"${target}"`).join(', ');
    if (awaiting.length === 0) throw refusal('No target waits for approval.');
    const target = answer?.target;
    if (target === undefined && awaiting.length > 1) {
      throw refusal(`Several targets wait for approval: ${names}. Name one as the target.`);
    }
    if (target !== undefined && !awaiting.includes(target)) {
      throw refusal(`"${target}" does not wait for approval. Waiting: ${names}.`);
    }
  }

  #noteChange(): void {
    this.#changes += 1;
    this.#onChange();
  }
}

function problemOfText(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be text';
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
}

function refuseProblems(update: string, problems: readonly string[]): void {
  if (problems.length > 0) throw refusal(`Argument of ${update}: ${problems.join('; ')}.`);
}

function refusal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE.invalidInput);
}
