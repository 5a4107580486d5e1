import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { test } from '../support/fixtures.ts';
import { eventsOf, sliceOf, startRun, startFakeWorker } from '../support/fake-worker.ts';

const inAnHour = new Date(Date.now() + 3_600_000).toISOString();

describe('a run with an input that is not understood', () => {
  test.for([
    { words: 'a misspelt setting', args: [{ dryrun: true }], type: FAILURE.invalidInput },
    { words: 'a wrong type', args: [{ dryRun: 'true' }], type: FAILURE.invalidInput },
    { words: 'a list', args: [['sessions']], type: FAILURE.invalidInput },
    { words: 'no target at all', args: [{ targets: [] }], type: FAILURE.invalidInput },
    { words: 'a second argument', args: [{}, { cutoff: 'x' }], type: FAILURE.invalidInput },
    { words: 'a cut-off to come', args: [{ cutoff: inAnHour }], type: FAILURE.invalidCutoff },
    { words: 'an unreadable cut-off', args: [{ cutoff: 'noon' }], type: FAILURE.invalidCutoff },
  ])('fails with $type before anything is done: $words', async ({ args, type }, { temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) => sliceOf(request));
    const run = await startRun(temporal, ...args);
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type, nonRetryable: true });
    expect(worker.requests).toEqual([]);
    // At the first workflow task: a failing task would be retried forever.
    expect(await eventsOf(run)).toHaveLength(5);
  });
});
