/** The example of docs/changing-the-workflow.md: each of its steps replayed with each of its histories. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';

import { readHistories } from '../../../scripts/replay/read-histories.ts';
import { replayHistories, type Replay } from '../../../scripts/replay/replay-histories.ts';

const logger = new DefaultLogger('ERROR');
// The SDK has much to say of each difference, and some of them are wanted here.
Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });

const EXAMPLE = 'patched-change';
const STATES = ['before', 'patched', 'deprecated', 'after'] as const;
type State = (typeof STATES)[number];

const PAGE = readFileSync(
  new URL('../../../docs/changing-the-workflow.md', import.meta.url),
  'utf8',
);

describe('the patched workflow', () => {
  test('goes on with runs from before the change, and with its own', async () => {
    const differences = await replayWith('patched');
    expect(differences.get('before')).toBeUndefined();
    expect(differences.get('patched')).toBeUndefined();
  });
});

describe('without the patch', () => {
  test('a run from before the change cannot go on, and the first differing event is named', async () => {
    expect((await replayWith('after')).get('before')).toEqual({
      event: '5 ActivityTaskScheduled',
      reason: expect.stringContaining("'deleteRows' does not match"),
    });
  });

  test('a run that began on patched code cannot go on either', async () => {
    expect((await replayWith('after')).get('patched')).toMatchObject({
      event: '5 MarkerRecorded',
    });
  });

  test('the way back is closed to runs that began on patched code', async () => {
    expect((await replayWith('before')).get('patched')).toMatchObject({
      event: '5 MarkerRecorded',
    });
  });
});

describe('the removal of the patch', () => {
  test('begins with deprecatePatch, which runs of patched code can go on with', async () => {
    const differences = await replayWith('deprecated');
    expect(differences.get('patched')).toBeUndefined();
    expect(differences.get('deprecated')).toBeUndefined();
    expect(differences.get('before')).toBeDefined();
  });

  test('ends with code that knows nothing of it, when only later runs are left', async () => {
    const differences = await replayWith('after');
    expect(differences.get('deprecated')).toBeUndefined();
    expect(differences.get('after')).toBeUndefined();
  });
});

describe('docs/changing-the-workflow.md', () => {
  test('has the table of who can go on with what as it really is', async () => {
    const rows: string[][] = [];
    for (const state of STATES) {
      const differences = await replayWith(state);
      rows.push(
        STATES.map((history) => {
          const difference = differences.get(history);
          return difference === undefined ? 'continues' : `differs at ${difference.event}`;
        }),
      );
    }
    expect(tableInPage()).toEqual(
      STATES.map((state, index) => [`\`${state}.ts\``, ...(rows[index] ?? [])]),
    );
  });

  test.for(STATES)('quotes %s.ts as it is', (state) => {
    expect(PAGE).toContain(
      `\`\`\`ts\n// test/temporal/replay/${EXAMPLE}/${state}.ts\n${workflowIn(state)}\`\`\``,
    );
  });
});

/** What differs in each of the example's histories, under one of its states. */
async function replayWith(state: State): Promise<ReadonlyMap<string, Replay['difference']>> {
  const code = await bundleWorkflowCode({ workflowsPath: pathOf(`${state}.ts`), logger });
  const histories = await readHistories(pathOf('histories'));
  expect(histories.map(({ name }) => name)).toEqual([...STATES].toSorted());
  const replays = await replayHistories(histories, code);
  return new Map(replays.map(({ name, difference }) => [name, difference]));
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(`${EXAMPLE}/${file}`, import.meta.url));
}

/** The workflow function of a state, with the comment above it left out. */
function workflowIn(state: State): string {
  const source = readFileSync(pathOf(`${state}.ts`), 'utf8');
  return source.slice(source.indexOf('export async function'));
}

/** The cells of the page's table whose rows begin with a file of the example. */
function tableInPage(): readonly (readonly string[])[] {
  return PAGE.split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, first = '']) => STATES.some((state) => first === `\`${state}.ts\``))
    .map((cells) => cells.slice(1, -1));
}
