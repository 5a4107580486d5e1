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
  const { cutoff, dryRun, targets } = progress;
  const purpose = dryRun
    ? `**Dry run:** counts what had expired by ${cutoff}, and deletes nothing.`
    : `**Removes sessions** that had expired by ${cutoff}.`;
  const advice = failures.map(
    ({ target, message }) => `- **${escape(target)}**: ${escape(message)}`,
  );
  return [purpose, tableOf(targets, dryRun), ...advice].join('\n\n');
}

function tableOf(targets: readonly TargetProgress[], dryRun: boolean): string {
  if (targets.length === 0) return 'Working on the first configured target.';
  const deleted = dryRun ? 'would delete' : 'deleted';
  return [
    `| target | state | ${deleted} | skipped, locked | rows/s | slices |`,
    '| :-- | :-- | --: | --: | --: | --: |',
    ...targets.map((target) => rowOf(target, dryRun)),
  ].join('\n');
}

function rowOf(target: TargetProgress, dryRun: boolean): string {
  const cells = [
    escape(target.target),
    stateInWords(target.state, dryRun),
    grouped(target.deletedCount),
    grouped(target.skippedLocked),
    target.seconds > 0 ? grouped(Math.round(target.deletedCount / target.seconds)) : '–',
    grouped(target.slices),
  ];
  return `| ${cells.join(' | ')} |`;
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
