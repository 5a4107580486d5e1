import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { HISTORIES, readHistories } from '../../../scripts/replay/histories.ts';
import { replayHistories } from '../../../scripts/replay/replay-histories.ts';
import { workflowBundle } from '../../support/workflow-bundle.ts';

/** What has to be among the recorded histories, by the beginning of its name. */
const KINDS = [
  'scheduled',
  'triggered',
  'backfilled',
  'several-slices',
  'retried-after-a-failure',
  'cancelled',
  'failed',
  'dry-run',
  'two-targets',
  'continued-as-new',
  'continued-while-paused',
  'handed-over',
  'paused-and-resumed',
  'paced-anew',
  'approved',
  'rejected',
];

describe('the workflow as it is now', () => {
  test('continues every recorded history', async () => {
    const histories = await readHistories();
    const replays = await replayHistories(histories, await workflowBundle());
    expect(replays.filter(({ difference }) => difference !== undefined)).toEqual([]);
    expect(replays.map(({ name }) => name)).toEqual(histories.map(({ name }) => name));
  });
});

describe('the recorded histories', () => {
  const files = readdirSync(HISTORIES);

  test.for(KINDS)('have a run that was %s among them', (kind) => {
    expect(files.filter((file) => file.startsWith(kind))).not.toEqual([]);
  });

  test.for(files)('do not identify the machine they were recorded on: %s', (file) => {
    const history = readFileSync(path.join(HISTORIES, file), 'utf8');
    // Paths of a package within the checkout may stay; where the checkout was may not.
    expect(history).not.toMatch(
      /file:\/\/\/|[^.\w/](\/home\/|\/root\/|\/Users\/|\/tmp\/|\/work\/)/,
    );
    expect(history).not.toContain(`@${hostname()}`);
    expect(identitiesIn(history)).toEqual([]);
  });
});

/** Who did something in a history, other than by the names that are fit to be kept. */
function identitiesIn(history: string): readonly string[] {
  const identities = [...history.matchAll(/"identity": "([^"]*)"/g)].map(
    ([, identity]) => identity,
  );
  return identities
    .filter((identity) => identity !== undefined)
    .filter(
      (identity) => !/^(client|worker|temporal-scheduler-.*|history-service)$/.test(identity),
    );
}
