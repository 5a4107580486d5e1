import type { RunProgress, TargetProgress } from '../src/contract/run.ts';
import type { ApprovalRequest, RemainingReason } from '../src/contract/slice.ts';
import { countText, durationText, numberText } from '../src/contract/text.ts';
import type { TargetFailure } from './slices.ts';

/**
 * The run as Markdown, for "Current Details" in the Web UI: what completed slices did and what the running
 * one reported last. Its heartbeat, under "Pending Activities", is more recent. Stays after the run's end.
 */
export function describeRun(
  progress: RunProgress,
  failures: readonly (TargetFailure & { readonly target: string })[] = [],
): string {
  return [
    headingOf(progress),
    ...stateOf(progress),
    tableOf(progress),
    ...progress.targets.flatMap(findingsOf),
    ...failures.map(({ target, message }) => `- **${escape(target)}**: ${escape(message)}`),
  ].join('\n\n');
}

function headingOf({ cutoff, dryRun, deletedCount, targets }: RunProgress): string {
  const hasEnded =
    targets.length > 0 &&
    targets.every(({ state }) => !['waiting', 'working', 'awaiting-approval'].includes(state));
  const rows = countText(deletedCount, 'row');
  if (dryRun) {
    return hasEnded
      ? `**Dry run:** ${rows} had expired by ${cutoff}. Nothing was deleted.`
      : `**Dry run:** counts the rows that had expired by ${cutoff}. Deletes nothing.`;
  }
  return hasEnded
    ? `**Removed ${rows}** that had expired by ${cutoff}.`
    : `**Removes sessions** that had expired by ${cutoff}.`;
}

/** What an operator should know first: why a run waits or is slow. */
function stateOf({ paused, pace, targets, approvalUntil }: RunProgress): readonly string[] {
  const lines: string[] = [];
  if (paused !== undefined) {
    const reason = paused.reason === undefined ? '' : `: ${escape(paused.reason)}`;
    lines.push(`**Paused**${reason}. To continue, send the update \`resume\`.`);
  }
  for (const { target, awaiting } of targets) {
    if (awaiting !== undefined) lines.push(approvalText(target, awaiting));
  }
  if (approvalUntil !== undefined) {
    lines.push(
      `Without an answer by ${approvalUntil}, before the schedule's next slot, the run ends and keeps these rows.`,
    );
  }
  if (pace !== undefined) {
    const { rowsPerSecond, lanes } = pace;
    const rate = rowsPerSecond == null ? 'unlimited' : numberText(rowsPerSecond);
    lines.push(`**Pace:** ${rate} rows/s${lanes === undefined ? '' : `, lanes: ${lanes}`}.`);
  }
  for (const { target, inHand } of targets) {
    if (inHand?.waitingFor === undefined) continue;
    lines.push(`**Throttled** (${escape(target)}): ${escape(inHand.waitingFor)}.`);
  }
  return lines;
}

function approvalText(
  target: string,
  { expiredRows, totalRows, isEstimate, sentinels = [] }: ApprovalRequest,
): string {
  const about = isEstimate === true ? 'about ' : '';
  const values = sentinels.map(({ value, rows }) => `${numberText(rows)} hold ${escape(value)}`);
  return (
    `**Waits for approval:** ${about}${numberText(expiredRows)} of the ${numberText(totalRows)} rows of ` +
    `${escape(target)} would be deleted${values.length === 0 ? '' : ` (${values.join(', ')})`}. To delete ` +
    'them, send the update `approve`. To keep them, send `reject`, and check the unit and the time zone ' +
    'of the expiry column.'
  );
}

function tableOf({ targets, dryRun, paused }: RunProgress): string {
  if (targets.length === 0) return 'Waiting for a worker to report the configured targets.';
  const deleted = dryRun ? 'would delete' : 'deleted';
  const headings = ['target', 'state', deleted, 'locked', 'estimated left', 'rows/s', 'time'];
  return [
    // A heading that wraps would run into its neighbour's.
    lineOf([...headings, 'slices'].map((heading) => heading.replaceAll(' ', '\u00A0'))),
    '| :-- | :-- | --: | --: | --: | --: | --: | --: |',
    ...targets.map((target) => rowOf(target, dryRun, paused !== undefined)),
  ].join('\n');
}

function rowOf(progress: TargetProgress, isDryRun: boolean, isPaused: boolean): string {
  const { target, state, deletedCount, skippedLocked, estimatedLeft, seconds, slices, inHand } =
    progress;
  const text = (isDryRun ? DRY_RUN_STATES[state] : undefined) ?? STATES[state];
  const words = isPaused && state === 'working' ? 'paused' : text;
  const rate = inHand?.rowsPerSecond ?? (seconds > 0 ? deletedCount / seconds : undefined);
  return lineOf([
    escape(target),
    `${words}${wayText(progress)}`,
    numberText(deletedCount + (inHand?.deletedCount ?? 0)),
    numberText(skippedLocked + (inHand?.skippedLocked ?? 0)),
    estimatedLeft === undefined ? '–' : numberText(estimatedLeft),
    rate === undefined ? '–' : numberText(rate),
    durationText(seconds + (inHand?.seconds ?? 0)),
    numberText(slices),
  ]);
}

/** The Web UI puts columns side by side without a gap, so each cell brings one along. */
const GAP = '\u00A0\u00A0';

function lineOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => `${cell}${GAP}`).join(' | ')} |`;
}

/** How the running slice finds its rows, and how far it is. */
function wayText({ inHand }: TargetProgress): string {
  const way = inHand?.way === undefined ? '' : `, by ${inHand.way}`;
  const fraction = inHand?.fraction;
  const share = fraction === undefined ? '' : `, ${Math.round(fraction * 100)} % of the table seen`;
  return `${way}${share}`;
}

const STATES: Readonly<Record<TargetProgress['state'], string>> = {
  waiting: 'waiting for its turn',
  working: 'deleting',
  drained: 'done, no expired rows left',
  budget: 'time budget spent; the next run continues',
  'awaiting-approval': 'waits for approval',
  unapproved: 'not approved in time, all rows kept; the next run asks again',
  rejected: 'rejected, all rows kept',
  cancelled: 'cancelled; the next run continues',
  failed: 'failed, see below',
};

const DRY_RUN_STATES: Partial<typeof STATES> = { working: 'counting', drained: 'counted' };

/** Expired rows that remain and why, and what the counts do not include. */
function findingsOf({
  target,
  dependentsDeleted = 0,
  remaining = [],
  unreadableCount,
  uncountedCascades,
  uncounted,
  inHand,
}: TargetProgress): readonly string[] {
  const findings: string[] = [];
  const dependents = dependentsDeleted + (inHand?.dependentsDeleted ?? 0);
  if (dependents > 0) {
    findings.push(`${countText(dependents, 'dependent row')} deleted besides`);
  }
  if (remaining.length > 0) {
    const causes = remaining.map(
      ({ reason, rows, by }) =>
        `${numberText(rows)} ${REASONS[reason]}${by === undefined ? '' : ` (${escape(by)})`}`,
    );
    findings.push(`expired rows that remain: ${causes.join(', ')}`);
  }
  if (unreadableCount !== undefined) {
    findings.push(`${countText(unreadableCount, 'row')} with an unreadable expiry never expire`);
  }
  if (uncountedCascades !== undefined) {
    const tables = escape(uncountedCascades.join(', '));
    findings.push(`rows deleted by cascade in ${tables} are not counted`);
  }
  if (uncounted === true) findings.push('the database did not report what the last slice deleted');
  return findings.map((finding) => `- **${escape(target)}**: ${finding}.`);
}

const REASONS: Readonly<Record<RemainingReason, string>> = {
  referenced: 'are referenced by a foreign key',
  'too-slow': 'take too long to delete',
  'kept-by-trigger': 'are kept by a trigger',
};

/** Names may hold anything; they stay within their cell. */
function escape(text: string): string {
  return text.replace(/[\\|*_`<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
