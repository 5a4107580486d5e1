import { WORKFLOW_TYPE } from '../contract/names.ts';

/** List filters have no way to write quotes and the like that all of Temporal's stores understand. */
export const PLAIN_NAME = /^[\w .:/@-]+$/;

/**
 * Query for the runs of one installation, or of all in the namespace without a task queue (or with one
 * that a query cannot hold). Installations that share a namespace have different task queues.
 *
 * @param condition - Narrows it down further; in the grammar of Temporal's list filters.
 */
export function runQuery(taskQueue: string | undefined, condition?: string): string {
  return [
    `WorkflowType = '${WORKFLOW_TYPE}'`,
    ...(taskQueue !== undefined && PLAIN_NAME.test(taskQueue)
      ? [`TaskQueue = '${taskQueue}'`]
      : []),
    ...(condition === undefined ? [] : [condition]),
  ].join(' AND ');
}
