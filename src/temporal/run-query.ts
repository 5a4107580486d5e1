import { WORKFLOW_TYPE } from '../contract.ts';

/**
 * Query for the runs of one installation, or of all in the namespace without a task queue. Installations
 * that share a namespace have different task queues.
 *
 * @param condition - Narrows it down further; in the grammar of Temporal's list filters.
 */
export function runQuery(taskQueue: string | undefined, condition?: string): string {
  return [
    `WorkflowType = '${WORKFLOW_TYPE}'`,
    ...(taskQueue === undefined ? [] : [`TaskQueue = ${quote(taskQueue)}`]),
    ...(condition === undefined ? [] : [condition]),
  ].join(' AND ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
