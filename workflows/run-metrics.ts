import { metricMeter, workflowInfo } from '@temporalio/workflow';
import { createCounter, createHistogram } from '../src/contract/metrics.ts';

/** Counts a run that has ended. Silent on replay. */
export function countEnd(outcome: 'completed' | 'failed' | 'cancelled'): void {
  const milliseconds = Date.now() - workflowInfo().startTime.getTime();
  createCounter(metricMeter, 'runs').add(1, { outcome });
  // The server's clock may be ahead of the worker's.
  createHistogram(metricMeter, 'run_duration').record(Math.max(milliseconds, 0) / 1_000);
}

/** Counts a failure that no attempt at a slice has counted; one of `FAILURES_OF_WORKFLOW`. Silent on replay. */
export function countFailure(type: string): void {
  createCounter(metricMeter, 'failures').add(1, { type });
}
