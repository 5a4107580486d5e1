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
import {
  FAILURE,
  PROGRESS_SIGNAL,
  UPDATE,
  type Answer,
  type Pace,
  type PauseRequest,
  type ToldProgress,
} from '../src/contract.ts';
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
const approveUpdate = defineUpdate<string, [Answer?]>(UPDATE.approve);
const rejectUpdate = defineUpdate<string, [Answer?]>(UPDATE.reject);
const progressSignal = defineSignal<[ToldProgress]>(PROGRESS_SIGNAL);

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

  /** Waits while the run is paused or needs approval; a cancelled run waits for nothing. */
  async untilFree(): Promise<void> {
    try {
      await condition(() => this.#paused === undefined && this.#run.awaiting === undefined);
    } catch (error) {
      if (!isCancellation(error)) throw error;
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
    setHandler(approveUpdate, () => this.#answer(true), {
      description:
        'Lets the run delete (nearly) every row of the target that waits for approval. Argument: {"target": "…"}, or none.',
      validator: (answer?: Answer) => this.#checkAnswer(answer),
    });
    setHandler(rejectUpdate, () => this.#answer(false), {
      description:
        'Keeps all rows of the target that waits for approval; the run goes on with the next one. Argument: {"target": "…"}, or none.',
      validator: (answer?: Answer) => this.#checkAnswer(answer),
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
    this.#onChange();
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

  #answer(isApproved: boolean): string {
    const target = this.#run.awaiting?.target ?? '';
    this.#run.answer(isApproved);
    this.#onChange();
    return isApproved
      ? `Approved: "${target}" is cleaned.`
      : `Rejected: "${target}" keeps its rows.`;
  }

  /** What was answered must be what is asked, even if another target asks by now. */
  #checkAnswer(answer: Answer | undefined): void {
    checkAnswer(answer);
    const asking = this.#run.awaiting?.target;
    if (asking === undefined) throw refuse('Nothing waits for approval.');
    if (answer?.target !== undefined && answer.target !== asking) {
      throw refuse(`"${answer.target}" does not wait for approval; "${asking}" does.`);
    }
  }

  #interrupt(): void {
    this.#sliceInHand?.cancel();
    this.#onChange();
  }
}

function refuse(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE.invalidInput);
}
