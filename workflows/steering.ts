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
import { PROGRESS_SIGNAL, UPDATE } from '../src/contract/names.ts';
import type { ApprovalAnswer, PauseRequest } from '../src/contract/run.ts';
import type { Pace, ReportedProgress } from '../src/contract/slice.ts';
import type { CleanupRun } from './cleanup-run.ts';
import { checkAnswer, checkPace, checkPause } from './steering-requests.ts';

/** What operators have asked of a run; a continued run takes it over. */
export interface CarriedSteering {
  readonly paused?: PauseRequest | undefined;
  readonly pace?: Pace | undefined;
}

const pauseUpdate = defineUpdate<string, [PauseRequest?]>(UPDATE.pause);
const resumeUpdate = defineUpdate<string>(UPDATE.resume);
const setPaceUpdate = defineUpdate<string, [Pace]>(UPDATE.setPace);
const approveUpdate = defineUpdate<string, [ApprovalAnswer?]>(UPDATE.approve);
const rejectUpdate = defineUpdate<string, [ApprovalAnswer?]>(UPDATE.reject);
const progressSignal = defineSignal<[ReportedProgress]>(PROGRESS_SIGNAL);

/**
 * Lets operators steer a run while it works: pause and resume it, change its pace, and answer when it
 * asks for approval. Every answer is one line for people; what makes no sense is refused by name.
 */
export class Steering {
  readonly #run: CleanupRun;
  readonly #root = CancellationScope.current();
  #paused: PauseRequest | undefined;
  #pace: Pace | undefined;
  #sliceInHand: CancellationScope | undefined;
  /** Counts what operators have done. */
  #changes = 0;
  #onChange: () => void = () => undefined;

  constructor(run: CleanupRun, carried: CarriedSteering | undefined) {
    this.#run = run;
    this.#paused = carried?.paused;
    this.#pace = carried?.pace;
  }

  carry(): CarriedSteering {
    return { paused: this.#paused, pace: this.#pace };
  }

  get paused(): PauseRequest | undefined {
    return this.#paused;
  }

  get pace(): Pace | undefined {
    return this.#pace;
  }

  readonly isRunCancelled = (): boolean => this.#root.consideredCancelled;

  /**
   * Waits until an operator has acted or the run is cancelled. Returns false when `until` (milliseconds since
   * 1970) has come first.
   */
  async untilChanged(until: number | undefined): Promise<boolean> {
    const seen = this.#changes;
    const hasChanged = (): boolean => this.#changes !== seen;
    try {
      if (until !== undefined) return await condition(hasChanged, Math.max(until - Date.now(), 1));
      await condition(hasChanged);
      return true;
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return true;
    }
  }

  /** Runs `work` so that an operator's wish interrupts it, which costs no count. */
  async interruptible<T>(work: () => Promise<T>): Promise<T> {
    this.#sliceInHand = new CancellationScope({ cancellable: true, parent: this.#root });
    try {
      return await this.#sliceInHand.run(work);
    } finally {
      this.#sliceInHand = undefined;
    }
  }

  /**
   * Takes in what operators and activities send, also what they have sent before.
   *
   * @param onChange - called after everything that changes what the run's details say
   */
  listen(onChange: () => void): void {
    this.#onChange = onChange;
    setHandler(pauseUpdate, (request?: PauseRequest) => this.#pause(request ?? {}), {
      description:
        'Stops deleting within seconds and holds no connection, until resumed. Argument: {"reason": "…"}, or none.',
      validator: (request?: PauseRequest) => {
        checkPause(request);
        if (this.#paused !== undefined) throw refuse('The run is paused already.');
      },
    });
    setHandler(resumeUpdate, () => this.#resume(), {
      description: 'Goes on after a pause, from where the run stopped.',
      validator: () => {
        if (this.#paused === undefined) throw refuse('The run is not paused.');
      },
    });
    setHandler(setPaceUpdate, (pace) => this.#setPace(pace), {
      description:
        'Changes how fast this run works. Argument: {"rowsPerSecond": 500, "lanes": 1}; either may be left out, and null rows mean as many as possible.',
      validator: checkPace,
    });
    setHandler(approveUpdate, (answer?: ApprovalAnswer) => this.#answer(answer, true), {
      description:
        'Lets the run delete (nearly) every row of a target that waits for approval. Argument: {"target": "…"}; none if only one waits.',
      validator: (answer?: ApprovalAnswer) => this.#checkAnswer(answer),
    });
    setHandler(rejectUpdate, (answer?: ApprovalAnswer) => this.#answer(answer, false), {
      description:
        'Keeps all rows of a target that waits for approval. Argument: {"target": "…"}; none if only one waits.',
      validator: (answer?: ApprovalAnswer) => this.#checkAnswer(answer),
    });
    setHandler(
      progressSignal,
      ({ runId, ...progress }) => {
        // A reset hands on what was sent to the run before.
        if (runId !== undefined && runId !== workflowInfo().runId) return;
        this.#run.note(progress);
        this.#onChange();
      },
      { description: 'Sent by the activity while it works; nobody else needs it.' },
    );
  }

  #pause(request: PauseRequest): string {
    this.#paused = request;
    this.#interrupt();
    return `Paused${request.reason === undefined ? '' : `: ${request.reason}`}. It stops after the chunk in hand.`;
  }

  #resume(): string {
    this.#paused = undefined;
    this.#noteChange();
    return 'Resumed.';
  }

  #setPace(pace: Pace): string {
    this.#pace = { ...this.#pace, ...pace };
    this.#interrupt();
    const { rowsPerSecond, lanes } = this.#pace;
    const rows =
      rowsPerSecond === undefined ? 'as configured' : `${rowsPerSecond ?? 'any number of'} rows/s`;
    return `Pace: ${rows}${lanes === undefined ? '' : `, lanes: ${lanes}`}, from the next slice on.`;
  }

  #answer(answer: ApprovalAnswer | undefined, isApproved: boolean): string {
    const target = answer?.target ?? this.#run.awaiting[0]?.target ?? '';
    this.#run.answer(target, isApproved);
    this.#noteChange();
    return isApproved
      ? `Approved: "${target}" is cleaned.`
      : `Rejected: "${target}" keeps its rows.`;
  }

  /** The answer must name what is asked: another target may ask by now, or several. */
  #checkAnswer(answer: ApprovalAnswer | undefined): void {
    checkAnswer(answer);
    const asking = this.#run.awaiting.map(({ target }) => `"${target}"`).join(', ');
    if (asking === '') throw refuse('Nothing waits for approval.');
    const target = answer?.target;
    if (target === undefined && this.#run.awaiting.length > 1) {
      throw refuse(`Several targets wait for approval: ${asking}. Name one of them as the target.`);
    }
    if (target !== undefined && !this.#run.awaiting.some((waiting) => waiting.target === target)) {
      throw refuse(`"${target}" does not wait for approval. Waiting: ${asking}.`);
    }
  }

  #interrupt(): void {
    this.#sliceInHand?.cancel();
    this.#noteChange();
  }

  #noteChange(): void {
    this.#changes += 1;
    this.#onChange();
  }
}

function refuse(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE.invalidInput);
}
