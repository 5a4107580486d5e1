import { countText, durationText, numberText, timeText } from '../../contract/text.ts';
import type { RecordedResult, RecordedTarget } from '../../runs/result.ts';
import type { RunOutcome } from '../../runs/run.ts';
import { indent, renderTable } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';

/** How a run ended, and what it did to each target. */
export function renderOutcome(outcome: RunOutcome, paint: Paint): string {
  const result = 'result' in outcome ? outcome.result : null;
  return [
    ...renderEnd(outcome, paint),
    ...(result === null ? [] : [renderResult(result, paint)]),
  ].join('\n');
}

function renderEnd(outcome: RunOutcome, paint: Paint): readonly string[] {
  switch (outcome.kind) {
    case 'completed':
      return [];
    case 'cancelled':
      return [paint('warning', 'The run was cancelled.')];
    case 'terminated':
      return [paint('bad', `The run was terminated: ${outcome.message}`)];
    case 'failed':
      return [paint('bad', `The run failed (${outcome.type}): ${outcome.message}`)];
  }
}

function renderResult(result: RecordedResult, paint: Paint): string {
  const isDryRun = result.dryRun === true;
  const done = isDryRun ? 'Would delete' : 'Deleted';
  const heading = `${done} ${countText(result.deletedCount, 'row')} that had expired by ${timeText(result.cutoff)}.`;
  const skipped =
    result.skippedLocked === 0
      ? []
      : [`${countText(result.skippedLocked, 'locked row')} left for the next run.`];
  const columns = [
    { title: 'target' },
    { title: isDryRun ? 'would delete' : 'deleted', align: 'right' },
    { title: 'locked', align: 'right' },
    { title: 'slices', align: 'right' },
    { title: 'time', align: 'right' },
    { title: 'ended' },
  ] as const;
  return [
    paint('heading', heading),
    ...skipped,
    indent(renderTable(columns, result.targets.map(renderTarget))),
    ...result.targets.flatMap(renderWaits),
    ...result.targets.flatMap(renderLeftOver),
  ].join('\n');
}

function renderTarget(target: RecordedTarget): readonly string[] {
  const seconds = target.slices.reduce((sum, slice) => sum + slice.seconds, 0);
  const slices = target.slices.reduce((count, { folded = 1 }) => count + folded, 0);
  return [
    target.target,
    numberText(target.deletedCount),
    numberText(target.skippedLocked),
    numberText(slices),
    durationText(seconds),
    target.stopped,
  ];
}

/** How long a run was throttled, by reason. */
function renderWaits({ target, slices }: RecordedTarget): readonly string[] {
  const seconds = new Map<string, number>();
  for (const wait of slices.flatMap(({ waits }) => waits ?? [])) {
    seconds.set(wait.reason, (seconds.get(wait.reason) ?? 0) + wait.seconds);
  }
  if (seconds.size === 0) return [];
  const reasons = [...seconds].map(([reason, length]) => `${durationText(length)} ${reason}`);
  return [`${target} was throttled: ${reasons.join(', ')}.`];
}

/** Dependents that went along, expired rows that stay and why, and what the counts do not include. */
function renderLeftOver({
  target,
  dependentsDeleted = 0,
  remaining = [],
  unreadableCount = 0,
  uncountedCascades = [],
  uncounted,
}: RecordedTarget): readonly string[] {
  return [
    ...(dependentsDeleted > 0
      ? [`${countText(dependentsDeleted, 'dependent row')} deleted besides.`]
      : []),
    ...remaining.map(({ reason, rows, by }) => {
      const cause = by === undefined ? '' : `, ${by}`;
      return `${countText(rows, 'expired row')} left (${reason}${cause}).`;
    }),
    ...(unreadableCount > 0
      ? [`${countText(unreadableCount, 'row')} without a readable expiry never expire.`]
      : []),
    ...(uncountedCascades.length > 0
      ? [`rows that cascades deleted in ${uncountedCascades.join(', ')} are not counted.`]
      : []),
    ...(uncounted === true ? ['the database could not report what the last slice deleted.'] : []),
  ].map((line) => `${target}: ${line}`);
}
