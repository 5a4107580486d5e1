import { styleText } from 'node:util';

import type { Replay } from './replay-histories.ts';

/** One line for a history, and where it differs another one. */
export function renderReplay({ name, events, hasBegun, difference }: Replay): string {
  const mark = difference === undefined ? styleText('green', 'same') : styleText('red', 'DIFFERS');
  const count = `${events} ${events === 1 ? 'event' : 'events'}`;
  const line = `${mark}  ${name} (${count}${hasBegun ? '' : ', not begun'})`;
  return difference === undefined
    ? line
    : `${line}\n      first at event ${difference.event}: ${difference.reason}`;
}

/** What the replay of all of them comes to, in a line. */
export function renderSummary(replays: readonly Replay[], seconds: number): string {
  const differing = replays.filter(({ difference }) => difference !== undefined).length;
  const histories = replays.length === 1 ? '1 history' : `${replays.length} histories`;
  const verdict =
    differing === 0
      ? 'none of them differs'
      : `${differing} of them ${differing === 1 ? 'differs' : 'differ'}`;
  return `${histories} replayed in ${seconds.toFixed(1)} s, ${verdict}.`;
}

/** What to do about differences. */
export const REMEDY =
  'Runs that are under way could not go on with this workflow. Guard the change with patched() ' +
  'from @temporalio/workflow, so that they keep to the old way: docs/changing-the-workflow.md.';
