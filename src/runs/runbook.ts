import { WORKFLOW_TYPE } from '../contract/names.ts';

/** One line shown beside every run in the Web UI. Markdown. */
export const STATIC_SUMMARY = 'Deletes expired sessions';

/** The runbook, shown in the Web UI under "User Metadata" of every run. Markdown. */
export function staticDetails(scheduleId: string): string {
  const text = `## Clean-up of expired sessions

The schedule \`${scheduleId}\` starts the workflow \`${WORKFLOW_TYPE}\`, which deletes the rows
that have expired by the scheduled time. The result holds the exact count. A run can be stopped at any time:
deleted rows stay counted, and the next run continues.

| to … | do … |
|---|---|
| stop further runs | pause the schedule, with a reason |
| pause this run | update \`pause\`, then \`resume\` |
| change its speed | update \`setPace\`: \`{"rowsPerSecond": 500, "lanes": 1}\`; \`null\` rows: no limit |
| answer an approval request | check the table, then update \`approve\`, or \`reject\` to keep all rows |
| end this run | **Request Cancellation**: it ends after the current chunk and keeps its count |
| run once more | **Trigger** on the schedule's page |
| run for a past time | **Backfill** on the schedule's page |
| see its progress | **Current Details** on this page, or the query \`progress\` |

Send updates with **Send an Update** on this page, or with \`session-cleanup run pause\`, \`resume\`, \`pace\`,
\`approve\` and \`reject\`.

**Running without progress:** no worker polls the task queue, or the database is down and the activity is
retried. \`session-cleanup status\` shows which.

**Failed:** the failure's message says what to do; its details hold what was deleted. Nothing needs to be
undone.

Change the interval with \`SESSION_CLEANUP_INTERVAL\` and \`session-cleanup schedule apply\`. A worker that
starts undoes changes made by hand, except the pause, its note and the remaining actions.
`;
  // The Web UI shows each end of a line within a paragraph.
  return text.replaceAll(/(?<![\n|])\n(?=[^\n|])/g, ' ');
}
