import { loadConfig } from '../config/load-config.ts';
import { countText, distanceText, durationText, numberText, timeText } from '../contract/text.ts';
import { defineCommand } from './command.ts';
import type { PreviewOutcome } from './database.ts';
import { TARGET_SETTINGS } from './help.ts';
import { renderTable } from './rendering/table.ts';
import type { Paint } from './rendering/terminal.ts';

/** `session-cleanup preview` */
export const addPreviewCommand = defineCommand({
  name: 'preview',
  summary: 'show what a run would delete now',
  description:
    'Shows what a run would delete now, by the same condition that a run uses: the number of rows, the ' +
    'oldest of them, the way they would be found, and the estimated time. Writes nothing, and needs no ' +
    'Temporal. The same through Temporal: session-cleanup run start --dry-run',
  settings: TARGET_SETTINGS,
  examples: [
    ['session-cleanup preview', 'before the first run'],
    ['SESSION_CLEANUP_GRACE=7d session-cleanup preview', 'if rows stayed for another week'],
  ],
  failed: 'failed for at least one target',
  run: async ({ context }) => {
    const config = loadConfig(context.environment);
    const { previewTargets } = await import('./database.ts');
    const targets = await previewTargets(config);
    return {
      json: { targets },
      text: (paint) => renderPreviews(targets, paint, new Date()),
      hasFailed: targets.some(({ kind }) => kind === 'failed'),
    };
  },
});

/** The expired rows of each target in a line; notes and errors below them. */
export function renderPreviews(
  outcomes: readonly PreviewOutcome[],
  paint: Paint,
  now: Date,
): string {
  const previews = outcomes.filter((outcome) => outcome.kind === 'previewed');
  const failures = outcomes.filter((outcome) => outcome.kind === 'failed');
  const columns = [
    { title: 'target' },
    { title: 'expired rows', align: 'right' },
    { title: 'oldest' },
    { title: 'way' },
    { title: 'takes about', align: 'right' },
  ] as const;
  const rows = previews.map((preview) => [
    preview.target,
    `${preview.isEstimate === true ? 'about ' : ''}${numberText(preview.eligibleRows)}`,
    preview.oldest === null ? '' : withAge(preview.oldest, now),
    preview.way,
    durationText(preview.estimatedSeconds),
  ]);
  const notes = previews.flatMap((preview) => {
    const { target, dependents = [], noExpiryCount, unreadableCount, sentinels = [] } = preview;
    return [
      ...dependents.map(
        (table) =>
          `${target}: rows of ${table} that refer to these rows are deleted first, and not counted here.`,
      ),
      ...neverExpire(target, noExpiryCount, 'without an expiry'),
      ...neverExpire(target, unreadableCount, 'without a readable expiry'),
      ...sentinels.map(
        ({ value, rows: found }) =>
          `${target}: ${countText(found, 'row')} at ${value}, which often means "never".`,
      ),
    ];
  });
  return [
    ...(rows.length === 0 ? [] : [renderTable(columns, rows)]),
    ...notes,
    ...failures.map(({ target, message }) => paint('bad', `${target}: ${message}`)),
  ].join('\n');
}

function neverExpire(target: string, count: number | undefined, which: string): readonly string[] {
  return count === undefined
    ? []
    : [`${target}: ${countText(count, 'row')} ${which} never expire.`];
}

function withAge(instant: string, now: Date): string {
  const distance = distanceText(instant, now);
  return `${timeText(instant)}${distance === '' ? '' : ` (${distance})`}`;
}
