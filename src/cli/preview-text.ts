import type { PreviewOutcome } from './database.ts';
import { countText, distanceText, durationText, numberText, timeText } from '../contract/text.ts';
import type { Painter } from './rendering/painter.ts';
import { renderTable } from './rendering/table.ts';

/** What waits in each target, one a line; below it what could not be told. */
export function renderPreviews(
  outcomes: readonly PreviewOutcome[],
  painter: Painter,
  now: Date,
): string {
  const columns = [
    { title: 'target' },
    { title: 'expired rows', align: 'right' },
    { title: 'oldest' },
    { title: 'way' },
    { title: 'takes about', align: 'right' },
  ] as const;
  const rows = outcomes
    .filter((outcome) => outcome.kind === 'previewed')
    .map(({ target, eligibleRows, oldest, way, estimatedSeconds, isEstimate }) => [
      target,
      // An estimate says that it is one.
      `${isEstimate === true ? 'about ' : ''}${numberText(eligibleRows)}`,
      oldest === null ? '' : [timeText(oldest), age(oldest, now)].join(''),
      way,
      durationText(estimatedSeconds),
    ]);
  const failures = outcomes
    .filter((outcome) => outcome.kind === 'failed')
    .map(({ target, message }) => painter.bad(`${target}: ${message}`));
  const notes = outcomes
    .filter((outcome) => outcome.kind === 'previewed')
    .flatMap(({ target, noExpiryCount, unreadableCount, sentinels = [] }) => [
      ...(noExpiryCount === undefined
        ? []
        : [`${target}: ${countText(noExpiryCount, 'row')} without an expiry never expire.`]),
      ...(unreadableCount === undefined
        ? []
        : [
            `${target}: ${countText(unreadableCount, 'row')} without a readable expiry never expire.`,
          ]),
      ...sentinels.map(
        ({ value, rows: found }) =>
          `${target}: ${countText(found, 'row')} at ${value}, which often means "never".`,
      ),
    ]);
  return [...(rows.length === 0 ? [] : [renderTable(columns, rows)]), ...notes, ...failures].join(
    '\n',
  );
}

function age(instant: string, now: Date): string {
  const distance = distanceText(instant, now);
  return distance === '' ? '' : ` (${distance})`;
}
