import { ApplicationFailure } from '@temporalio/activity';
import { FAILURE } from '../src/contract/failures.ts';
import type { PlanRequest, RunPlan } from '../src/contract/run.ts';
import type { CleanupDependencies } from './slice-call.ts';

/**
 * What the configuration says about a run: which targets it cleans, and what limits it.
 *
 * @throws ApplicationFailure `UnknownTarget`, naming every name that is not configured
 */
export function planRun({ config }: CleanupDependencies, { targets }: PlanRequest): RunPlan {
  const configured = config.targets.map(({ name }) => name);
  const unknown = targets?.filter((name) => !configured.includes(name)) ?? [];
  if (unknown.length > 0) {
    throw ApplicationFailure.nonRetryable(
      unknownTargets(unknown, configured),
      FAILURE.unknownTarget,
    );
  }
  const { runBudgetSeconds } = config.deletion;
  return {
    targets: targets ?? configured,
    ...(runBudgetSeconds === undefined ? {} : { runBudgetSeconds }),
    ...(config.schedule === undefined
      ? {}
      : {
          slots: {
            intervalSeconds: config.schedule.intervalSeconds,
            offsetSeconds: config.schedule.offsetSeconds,
          },
        }),
  };
}

/** The message of `UnknownTarget`. */
export function unknownTargets(unknown: readonly string[], configured: readonly string[]): string {
  return (
    `No such target: ${unknown.map((name) => JSON.stringify(name)).join(', ')}. Configured are ` +
    `${configured.join(', ')}. Correct the workflow's input, or add the target to ` +
    'SESSION_CLEANUP_TARGETS and restart the workers.'
  );
}
