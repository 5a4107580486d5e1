import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { PROGRESS_QUERY, UPDATE } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import { test } from '../support/fixtures.ts';
import {
  detailsOf,
  metadataOf,
  sliceOf,
  startRun,
  toldToStop,
  until,
  startFakeWorker,
  type Run,
} from '../support/fake-worker.ts';

describe('the progress of a run', () => {
  test('is in the query progress, in the details and in summaries', async ({ temporal }) => {
    const finish = Promise.withResolvers<void>();
    await using worker = await startFakeWorker(temporal, {
      plan: { targets: ['sessions', 'odd|name'] },
      async deleteExpiredSessions(request) {
        if (request.slice === 1) await finish.promise;
        const more = { deadline: 'd', way: 'sweep', position: '7' } as const;
        return sliceOf(request, {
          deletedCount: 1_000,
          skippedLocked: 4,
          seconds: 0.5,
          // A worker that hands over does not change whose turn it is.
          ...(request.slice === 0 && request.target === 'sessions'
            ? { stopped: 'handed-over', resumeFrom: more }
            : {}),
        });
      },
    });
    const run = await startRun(temporal);
    await until(() => worker.requests.length === 2);
    const progress = await run.query<RunProgress>(PROGRESS_QUERY);
    expect(progress).toEqual({
      cutoff: worker.requests[0]?.cutoff,
      dryRun: false,
      deletedCount: 1_000,
      skippedLocked: 4,
      targets: [
        {
          target: 'sessions',
          state: 'working',
          deletedCount: 1_000,
          skippedLocked: 4,
          slices: 1,
          seconds: 0.5,
        },
        {
          target: 'odd|name',
          state: 'waiting',
          deletedCount: 0,
          skippedLocked: 0,
          slices: 0,
          seconds: 0,
        },
      ],
    });
    expect(await detailsOf(run)).toContain('**Removes sessions** that had expired by');
    // A heading with a space would wrap.
    expect((await metadataOf(run)).currentDetails).toContain('estimated\u00A0left');
    expect(await detailsOf(run)).toContain(
      '| sessions | deleting | 1,000 | 4 | – | 2,000 | 500 ms | 1 |',
    );
    expect(await detailsOf(run)).toContain(
      '| odd\\|name | waiting for its turn | 0 | 0 | – | – | 0 s | 0 |',
    );

    finish.resolve();
    const { cutoff } = await run.result();
    expect(await detailsOf(run)).toContain(
      '| sessions | done, no expired rows left | 2,000 | 8 | 0 | 2,000 | 1 s | 2 |',
    );
    expect(await detailsOf(run)).toContain(`**Removed 3,000 rows** that had expired by ${cutoff}`);
    expect(await summariesOf(run)).toEqual([
      `sessions, slice 1, sweep or drain: expired by ${cutoff}`,
      `sessions, slice 2, sweep: expired by ${cutoff}`,
      `odd|name, slice 1, sweep or drain: expired by ${cutoff}`,
    ]);
  });

  test('is accompanied by a description of each query and update', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, (request) => sliceOf(request));
    const run = await startRun(temporal);
    await run.result();
    const { queryDefinitions = [], updateDefinitions = [] } =
      (await metadataOf(run)).definition ?? {};
    const described = new Map(
      [...queryDefinitions, ...updateDefinitions].map(({ name, description = '' }) => [
        name,
        description,
      ]),
    );
    for (const name of [PROGRESS_QUERY, ...Object.values(UPDATE)]) {
      expect([name, described.get(name)]).toEqual([name, expect.stringMatching(/^[A-Z].{30,}\.$/)]);
    }
  });

  test('stays after a failure, with its advice', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, () => {
      throw ApplicationFailure.nonRetryable('There is no table. Make one.', FAILURE.noTable);
    });
    const run = await startRun(temporal, { targets: ['sessions'] });
    await expect(run.result()).rejects.toThrow('execution failed');
    const details = await detailsOf(run);
    expect(details).toContain('**Removed 0 rows** that had expired by');
    expect(details).toContain('| sessions | failed, see below |');
    expect(details).toContain('- **sessions**: There is no table. Make one.');
  });

  test('stays after a cancellation', async ({ temporal }) => {
    const asked = Promise.withResolvers<void>();
    await using _ = await startFakeWorker(temporal, async (request) => {
      asked.resolve();
      await toldToStop();
      return sliceOf(request, { deletedCount: 5, stopped: 'cancelled' });
    });
    const run = await startRun(temporal);
    await asked.promise;
    await run.cancel();
    await expect(run.result()).rejects.toThrow('cancelled');
    const details = await detailsOf(run);
    expect(details).toContain('**Removed 5 rows** that had expired by');
    expect(details).toContain('| sessions | cancelled; the next run continues | 5 |');
  });
});

async function summariesOf(run: Run): Promise<readonly unknown[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap((event) => {
    const summary = event.userMetadata?.summary;
    return summary ? [defaultPayloadConverter.fromPayload(summary)] : [];
  });
}
