import { Option } from 'commander';
import type { Command } from 'commander';

import { BACKFILL_OVERLAPS, backfillSchedule } from '../../schedule/backfill.ts';
import type { BackfillOutcome, BackfillRange } from '../../schedule/backfill.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT, InputError } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { parsePastInstant } from '../instant.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { countText } from '../../contract/text.ts';
import { renderStarted } from './text.ts';
import { withClient } from '../temporal-client.ts';

interface BackfillOptions extends JsonOption {
  readonly from: string;
  readonly to: string;
  readonly overlap: BackfillRange['overlap'];
}

/** `session-cleanup schedule backfill` */
export function addBackfillCommand(parent: Command, { act, context }: Invocation): void {
  const command = parent
    .command('backfill')
    .summary('run the slots of a past range again')
    .description(
      'Starts the runs that the schedule would have started in a range of the past, each with its ' +
        'own time as the cut-off, and tells which of them really started. A slot that has run before ' +
        'runs again. One run removes all that had expired by its time, so a range is seldom needed.',
    )
    .requiredOption('--from <instant>', 'first instant of the range, such as 2026-11-20T00:00:00Z')
    .requiredOption('--to <instant>', 'last instant of the range; not in the future')
    .addOption(
      new Option(
        '--overlap <policy>',
        'what to do while a run is going on: buffer-all runs one after another, allow-all runs them ' +
          'all at once, buffer-one keeps one waiting, skip leaves the others out (a range then gives ' +
          'one run), cancel-other and terminate-other end the one that is going on',
      )
        .choices(Object.keys(BACKFILL_OVERLAPS))
        .default('buffer-all'),
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [
      [
        'session-cleanup schedule backfill --from 2026-11-20T00:00:00Z --to 2026-11-20T23:59:59Z',
        'a whole day, one run after another',
      ],
    ],
    failed: 'failed, or no slot of the schedule lies in the range',
  });
  act(command, async () => {
    const options = command.opts<BackfillOptions>();
    const range = readRange(options, new Date());
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const outcome = await backfillSchedule(client, range, config.schedule.scheduleId);
      writeResult(context, options.json, outcome, () => renderBackfilled(outcome));
      return outcome.slots.length > 0 && outcome.unseen === 0 ? EXIT.done : EXIT.failed;
    });
  });
}

function readRange(options: BackfillOptions, now: Date): BackfillRange {
  const from = parsePastInstant('--from', options.from, now);
  const to = parsePastInstant('--to', options.to, now);
  if (from > to) {
    throw new InputError(
      `--from (${options.from}) lies after --to (${options.to}). Allowed: --from before --to.`,
    );
  }
  return { from, to, overlap: options.overlap };
}

function renderBackfilled({ slots, started, waiting, leftOut, unseen }: BackfillOutcome): string {
  if (slots.length === 0) {
    return 'Started nothing: no slot of the schedule lies in this range.';
  }
  return [
    `${countText(slots.length, 'slot')} in this range; ${countText(started.length, 'run')} started:`,
    renderStarted(started),
    ...(waiting > 0 ? [renderWaiting(waiting)] : []),
    ...(leftOut > 0 ? [`${countText(leftOut, 'slot')} left out by the overlap policy.`] : []),
    ...(unseen > 0
      ? [`Of ${countText(unseen, 'slot')} nothing was seen yet; look at session-cleanup status.`]
      : []),
  ].join('\n');
}

function renderWaiting(waiting: number): string {
  return waiting === 1
    ? '1 run waits until the one before it has ended.'
    : `${countText(waiting, 'run')} wait, and start one after another.`;
}
