import type { RunProgress, TargetProgress } from '../src/contract/run.ts';
import { countText, durationText, numberText } from '../src/contract/text.ts';
import type { TargetFailure } from './slice-end.ts';

/**
 * The run as Markdown, for "Current Details" in the Web UI. It tells what completed slices did, and
 * what the one in hand told last; that one tells more often by its heartbeat, under "Pending
 * Activities". After the run's end it stays as it is then.
 */
export function describeRun(
  progress: RunProgress,
  failures: readonly (TargetFailure & { readonly target: string })[] = [],
): string {
  const state = stateOf(progress);
  const advice = failures.map(
    ({ target, message }) => `- **${escape(target)}**: ${escape(message)}`,
  );
  const left = progress.targets.flatMap(leftOver);
  return [headingOf(progress), ...state, tableOf(progress), ...left, ...advice].join('\n\n');
}

/** What the run is for, and once it has ended what it has done. */
function headingOf({ cutoff, dryRun, deletedCount, targets }: RunProgress): string {
  const hasEnded = targets.length > 0 && targets.every(({ state }) => !isUnfinished(state));
  const rows = countText(deletedCount, 'row');
  if (dryRun) {
    return hasEnded
      ? `**Dry run:** ${rows} had expired by ${cutoff}. Nothing was deleted.`
      : `**Dry run:** counts what had expired by ${cutoff}, and deletes nothing.`;
  }
  return hasEnded
    ? `**Removed ${rows}** that had expired by ${cutoff}.`
    : `**Removes sessions** that had expired by ${cutoff}.`;
}

function isUnfinished(state: TargetProgress['state']): boolean {
  return state === 'waiting' || state === 'working' || state === 'awaiting-approval';
}

/** What an operator should know first: why nothing moves, or moves slowly. */
function stateOf({ paused, pace, targets, approvalUntil }: RunProgress): readonly string[] {
  const lines: string[] = [];
  if (paused !== undefined) {
    const why = paused.reason === undefined ? '' : `: ${escape(paused.reason)}`;
    lines.push(`**Paused**${why}. The update \`resume\` lets it go on.`);
  }
  for (const { target, awaiting } of targets) {
    if (awaiting === undefined) continue;
    const { expiredRows, totalRows, isEstimate, sentinels = [] } = awaiting;
    const about = isEstimate === true ? 'about ' : '';
    const often = sentinels.map(({ value, rows }) => `${numberText(rows)} hold ${escape(value)}`);
    lines.push(
      `**Waits for approval:** ${about}${numberText(expiredRows)} of the ${numberText(totalRows)} rows of ` +
        `${escape(target)} would be deleted${often.length === 0 ? '' : ` (${often.join(', ')})`}. If that is ` +
        'right, send the update `approve`; if not, `reject`, and look at the unit and the time zone of the ' +
        'expiry column.',
    );
  }
  if (approvalUntil !== undefined) {
    lines.push(
      `Without an answer the run ends at ${approvalUntil}, before the schedule's next slot.`,
    );
  }
  if (pace !== undefined) {
    const { rowsPerSecond, lanes } = pace;
    const rows = rowsPerSecond == null ? 'any number of' : numberText(rowsPerSecond);
    lines.push(`**Pace:** ${rows} rows/s${lanes === undefined ? '' : `, lanes: ${lanes}`}.`);
  }
  for (const { target, inHand } of targets) {
    if (inHand?.waitingFor === undefined) continue;
    lines.push(`**Holds back** (${escape(target)}): ${escape(inHand.waitingFor)}.`);
  }
  return lines;
}

function tableOf({ targets, dryRun, paused }: RunProgress): string {
  if (targets.length === 0) return 'Waits for a worker to say which targets are configured.';
  // A heading that wraps would run into its neighbour's.
  const deleted = dryRun ? 'would\u00A0delete' : 'deleted';
  const left = 'estimated\u00A0left';
  return [
    lineOf(['target', 'state', deleted, 'locked', left, 'rows/s', 'time', 'slices']),
    '| :-- | :-- | --: | --: | --: | --: | --: | --: |',
    ...targets.map((target) => rowOf(target, dryRun, paused !== undefined)),
  ].join('\n');
}

function rowOf(target: TargetProgress, dryRun: boolean, isPaused: boolean): string {
  const state =
    isPaused && target.state === 'working' ? 'paused' : stateInWords(target.state, dryRun);
  const cells = [
    escape(target.target),
    `${state}${wayOf(target)}`,
    numberText(target.deletedCount + (target.inHand?.deletedCount ?? 0)),
    numberText(target.skippedLocked + (target.inHand?.skippedLocked ?? 0)),
    target.estimatedLeft === undefined ? '–' : numberText(target.estimatedLeft),
    rateOf(target),
    durationText(target.seconds + (target.inHand?.seconds ?? 0)),
    numberText(target.slices),
  ];
  return lineOf(cells);
}

/** The Web UI puts columns side by side without a gap, so each cell brings one along. */
const GAP = '\u00A0\u00A0';

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => `${cell}${GAP}`).join(' | ')} |`;
}

function rateOf({ inHand, deletedCount, seconds }: TargetProgress): string {
  if (inHand !== undefined) return numberText(inHand.rowsPerSecond);
  return seconds > 0 ? numberText(deletedCount / seconds) : '–';
}

/** How the slice in hand finds its rows, and how far it has come. */
function wayOf({ inHand }: TargetProgress): string {
  const way = inHand?.way === undefined ? '' : `, by ${inHand.way}`;
  const fraction = inHand?.fraction;
  const share = fraction === undefined ? '' : `, ${Math.round(fraction * 100)} % of the table seen`;
  return `${way}${share}`;
}

function stateInWords(state: TargetProgress['state'], dryRun: boolean): string {
  switch (state) {
    case 'waiting':
      return 'waiting for its turn';
    case 'working':
      return dryRun ? 'counting' : 'deleting';
    case 'drained':
      return dryRun ? 'counted' : 'done, nothing expired is left';
    case 'budget':
      return 'stopped, the time for it is spent; the next run goes on';
    case 'awaiting-approval':
      return 'waits for approval';
    case 'unapproved':
      return 'nobody approved it, all its rows stay; the next run asks again';
    case 'rejected':
      return 'rejected, all its rows stay';
    case 'cancelled':
      return 'cancelled; the next run goes on';
    case 'failed':
      return 'failed, see below';
  }
}

/** Expired rows that stay and why, and what the counts do not include. */
function leftOver({
  target,
  remaining = [],
  unreadableCount,
  uncountedCascades,
  uncounted,
}: TargetProgress): readonly string[] {
  const causes = remaining.map(
    ({ reason, rows, by }) =>
      `${numberText(rows)} ${REASONS[reason]}${by === undefined ? '' : ` (${escape(by)})`}`,
  );
  const parts = [
    ...(causes.length === 0 ? [] : [`expired rows that stay: ${causes.join(', ')}`]),
    ...(unreadableCount === undefined
      ? []
      : [`${numberText(unreadableCount)} rows never expire, since their expiry cannot be read`]),
    ...(uncountedCascades === undefined
      ? []
      : [`rows that cascades deleted in ${escape(uncountedCascades.join(', '))} are not counted`]),
    ...(uncounted === true ? ['the database could not tell what the last slice deleted'] : []),
  ];
  return parts.map((part) => `- **${escape(target)}**: ${part}.`);
}

const REASONS = {
  referenced: 'are referenced by a foreign key',
  'too-slow': 'take too long to delete',
  'kept-by-trigger': 'are kept by a trigger',
} as const;

/** Names may hold anything; they stay within their cell. */
function escape(text: string): string {
  return text.replace(/[\\|*_`<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
