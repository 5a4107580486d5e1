import type { RunProgress, TargetProgress } from '../src/contract.ts';
import type { TargetFailure } from './slice-end.ts';

/**
 * The run as Markdown, for "Current Details" in the Web UI. It tells what completed slices did; a
 * slice that is working tells by its heartbeat, under "Pending Activities".
 */
export function describeRun(
  progress: RunProgress,
  failures: readonly (TargetFailure & { readonly target: string })[] = [],
): string {
  const { cutoff, dryRun } = progress;
  const state = stateOf(progress);
  const purpose = dryRun
    ? `**Dry run:** counts what had expired by ${cutoff}, and deletes nothing.`
    : `**Removes sessions** that had expired by ${cutoff}.`;
  const advice = failures.map(
    ({ target, message }) => `- **${escape(target)}**: ${escape(message)}`,
  );
  return [purpose, ...state, tableOf(progress), ...advice].join('\n\n');
}

/** What an operator should know first: why nothing moves, or moves slowly. */
function stateOf({ paused, pace, targets }: RunProgress): readonly string[] {
  const lines: string[] = [];
  if (paused !== undefined) {
    const why = paused.reason === undefined ? '' : `: ${escape(paused.reason)}`;
    lines.push(`**Paused**${why}. The update \`resume\` lets it go on.`);
  }
  for (const { target, awaiting } of targets) {
    if (awaiting === undefined) continue;
    const { expiredRows, totalRows } = awaiting;
    lines.push(
      `**Waits for approval:** ${grouped(expiredRows)} of the ${grouped(totalRows)} rows of ` +
        `${escape(target)} would be deleted. If that is right, send the update \`approve\`; if not, ` +
        '`reject`, and look at the unit and the time zone of the expiry column.',
    );
  }
  if (pace !== undefined) {
    const { rowsPerSecond, lanes } = pace;
    const rows = rowsPerSecond == null ? 'any number of' : grouped(rowsPerSecond);
    lines.push(`**Pace:** ${rows} rows/s${lanes === undefined ? '' : `, lanes: ${lanes}`}.`);
  }
  for (const { target, inHand } of targets) {
    if (inHand?.waitingFor === undefined) continue;
    lines.push(`**Holds back** (${escape(target)}): ${escape(inHand.waitingFor)}.`);
  }
  return lines;
}

function tableOf({ targets, dryRun, paused }: RunProgress): string {
  if (targets.length === 0) return 'Working on the first configured target.';
  const deleted = dryRun ? 'would delete' : 'deleted';
  return [
    `| target | state | ${deleted} | skipped, locked | rows/s | slices |`,
    '| :-- | :-- | --: | --: | --: | --: |',
    ...targets.map((target) => rowOf(target, dryRun, paused !== undefined)),
  ].join('\n');
}

function rowOf(target: TargetProgress, dryRun: boolean, isPaused: boolean): string {
  const state =
    isPaused && target.state === 'working' ? 'paused' : stateInWords(target.state, dryRun);
  const cells = [
    escape(target.target),
    `${state}${shareOf(target)}`,
    grouped(target.deletedCount + (target.inHand?.deletedCount ?? 0)),
    grouped(target.skippedLocked + (target.inHand?.skippedLocked ?? 0)),
    rateOf(target),
    grouped(target.slices),
  ];
  return `| ${cells.join(' | ')} |`;
}

function rateOf({ inHand, deletedCount, seconds }: TargetProgress): string {
  if (inHand !== undefined) return grouped(inHand.rowsPerSecond);
  return seconds > 0 ? grouped(Math.round(deletedCount / seconds)) : '–';
}

function shareOf({ inHand }: TargetProgress): string {
  const fraction = inHand?.fraction;
  return fraction === undefined ? '' : `, ${Math.round(fraction * 100)} % of the table seen`;
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
    case 'rejected':
      return 'rejected, all its rows stay';
    case 'cancelled':
      return 'cancelled; the next run goes on';
    case 'failed':
      return 'failed, see below';
  }
}

/** `1234567` as `1,234,567`. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Names may hold anything; they stay within their cell. */
function escape(text: string): string {
  return text.replace(/[\\|*_`<>[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
