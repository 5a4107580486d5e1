import { ApplicationFailure } from '@temporalio/activity';
import type { TargetConfig } from '../src/config/config.ts';
import { FAILURE, type SliceFailureDetails, type SliceRequest } from '../src/contract.ts';

/**
 * The configured target that a request means: the one it names, else the first.
 *
 * @throws ApplicationFailure `UnknownTarget`, naming every name that is not configured
 */
export function resolveTarget(
  request: SliceRequest,
  configured: readonly TargetConfig[],
): TargetConfig {
  const names = request.runTargets ?? [request.target ?? configured[0]?.name ?? ''];
  const unknown = names.filter((name) => !configured.some((target) => target.name === name));
  const wanted = request.target ?? configured[0]?.name;
  const found = configured.find((target) => target.name === wanted);
  if (unknown.length === 0 && found !== undefined) return found;

  const configuredTargets = configured.map(({ name }) => name);
  const details: SliceFailureDetails = {
    target: request.target ?? '',
    configuredTargets,
    deletedSoFar: 0,
  };
  throw ApplicationFailure.nonRetryable(
    `No such target: ${unknown.map((name) => JSON.stringify(name)).join(', ')}. Configured are ` +
      `${configuredTargets.join(', ')}. Correct the workflow's input, or add the target to ` +
      'SESSION_CLEANUP_TARGETS and restart the workers.',
    FAILURE.unknownTarget,
    details,
  );
}
