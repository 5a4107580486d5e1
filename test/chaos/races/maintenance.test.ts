import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { expect } from 'vitest';

import { FAILURE } from '../../../src/contract/failures.ts';
import { readRunResult } from '../../../src/runs/result.ts';
import { countsOf, exactly } from '../../support/run-counts.ts';
import { forceWay } from '../../support/cleaner.ts';
import { CLEANER, deletedBy, logDeletions } from '../../support/deletion-log.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { startRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import type { Random } from '../support/random.ts';
import { test } from '../support/chaos-test.ts';
import { isFullForm, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const EXPIRED = sized({ short: 8_000, full: 200_000 });

type Way = 'sweep' | 'drain';

/** What administrators do in mid-run, and the way that it is more of a trial for. */
const HARMLESS: readonly (readonly [statement: string, way: Way])[] = [
  ['vacuum sessions', 'sweep'],
  ['vacuum full sessions', 'sweep'],
  ['reindex table concurrently sessions', 'drain'],
  ['alter table sessions add column note text', 'drain'],
  ['alter table sessions add column tag uuid default gen_random_uuid()', 'sweep'],
  ['cluster sessions using sessions_user_id_index', 'sweep'],
];

/** Each statement with that way; in the full form with both. */
function withWays(statements: typeof HARMLESS) {
  return statements.flatMap(([statement, way]) =>
    (isFullForm ? (['sweep', 'drain'] as const) : [way]).map((way) => ({ statement, way })),
  );
}

/** A run during which another client executes a statement. */
interface Meeting {
  readonly database: TestDatabase;
  readonly temporal: TestTemporal;
  readonly random: Random;
  readonly way: Way;
}

/** Executes the statement during a run, and hands the run over once the statement is done. */
async function meet(
  { database, temporal, random, way }: Meeting,
  statement: string,
  check: (run: WatchedRun) => Promise<void>,
): Promise<void> {
  await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
  await logDeletions(database);
  await slowDownDeletions(database, SLOW);
  await forceWay(database, way);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  const run = await startRun(database, temporal);
  expect(await run.untilDeleted(random.between(0.1, 0.5) * EXPIRED)).toBeLessThan(EXPIRED);
  expect(await wayOf(database, run)).toBe(way);
  await database.sql(statement);
  await check(run);
}

async function wayOf(database: TestDatabase, run: WatchedRun): Promise<string | undefined> {
  const [row] = await database.sql<{ way: string }>(
    'select max(way) as way from session_cleanup.session_cleanup_ledger where run_id = $1',
    [run.runId],
  );
  return row?.way;
}

test.for(withWays(HARMLESS))(
  '$statement, during a $way: nothing is missed or counted twice',
  { timeout: PATIENCE },
  async ({ statement, way }, { database, temporal, random }) => {
    await meet({ database, temporal, random, way }, statement, async (run) => {
      expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
      expect(await deletedBy(database, CLEANER)).toBe(EXPIRED);
    });
  },
);

test.for(withWays([['truncate sessions', 'sweep']]))(
  '$statement, during a $way: the run completes and counts its own rows only',
  { timeout: PATIENCE },
  async ({ statement, way }, { database, temporal, random }) => {
    await meet({ database, temporal, random, way }, statement, async (run) => {
      const { deletedCount, targets } = await run.result();
      expect(targets[0]?.stopped).toBe('drained');
      expect(deletedCount).toBeLessThan(EXPIRED);
      expect(deletedCount).toBe(await deletedBy(database, CLEANER));
      expect(deletedCount).toBe(await run.inLedger());
    });
  },
);

test.for(withWays([['drop table sessions', 'drain']]))(
  '$statement, during a $way: the run fails at once with a failure type and the count so far',
  { timeout: PATIENCE },
  async ({ statement, way }, { database, temporal, random }) => {
    await meet({ database, temporal, random, way }, statement, async (run) => {
      const error: unknown = await run.result().catch((thrown: unknown) => thrown);
      const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
      const failure = cause instanceof ApplicationFailure ? cause : undefined;
      expect(failure?.type).toBe(FAILURE.noTable);
      const { deletedCount } = readRunResult(failure?.details?.[0]) ?? {};
      expect(deletedCount).toBe(await deletedBy(database, CLEANER));
      expect(deletedCount).toBe(await run.inLedger());
    });
  },
);
