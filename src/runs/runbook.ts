import { WORKFLOW_TYPE } from '../contract/names.ts';

/** One line shown beside every run that the schedule starts. Markdown. */
export const STATIC_SUMMARY = 'Deletes expired sessions';

/** The runbook, shown in the Web UI under "User Metadata" of every run. Markdown. */
export function staticDetails(scheduleId: string): string {
  return `## Clean-up of expired sessions

The schedule \`${scheduleId}\` starts the workflow \`${WORKFLOW_TYPE}\`, which deletes the rows that
had expired by the scheduled time. The result holds the exact count. Interrupting it at any moment
is safe: what was deleted stays counted, and the next run takes the rest.

Updates are sent from **Send an Update** on the run's page, or with
\`temporal workflow update execute --workflow-id ID --name pause --input '{"reason": "peak hour"}'\`;
\`session-cleanup run pause | resume | pace | approve | reject\` do the same.

| to … | do … |
|---|---|
| stop further runs | pause the schedule, with a reason |
| stop this run for a while | send it the update \`pause\`, then \`resume\`; its count goes on |
| slow this run down, or let it go | send it the update \`setPace\`, such as \`{"rowsPerSecond": 500, "lanes": 1}\`; \`null\` rows: as many as possible |
| let a run go on that waits for approval | look at the table, then send it the update \`approve\`, or \`reject\` to keep all rows |
| end this run | **Request Cancellation**: it ends after the chunk in hand and keeps its count |
| run once more | **Trigger** on the schedule's page, or \`session-cleanup run start\` |
| remove what had expired by a past time | **Backfill** on the schedule's page, for a range in the past |
| see what it is doing | **Current Details** on this page, the query \`progress\`, or \`session-cleanup status\` |

**Running, but nothing happens:** no worker polls the task queue (\`session-cleanup status\` tells), or the
database is down; then the activity is tried again by itself.

**Failed:** the failure's message tells what to do, and its details what had been deleted. Nothing
needs to be undone, and the next run starts afresh.

Change the interval with \`SESSION_CLEANUP_INTERVAL\` and \`session-cleanup schedule apply\`: a change made
by hand is repaired when a worker starts. A pause, its note and the remaining actions are kept.

From the command line: \`temporal schedule describe --schedule-id ${scheduleId}\` and
\`temporal workflow list --query "TemporalScheduledById = '${scheduleId}'"\`.
`;
}
