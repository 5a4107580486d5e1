import { describe, expect, vi } from 'vitest';
import { z } from 'zod';

import { SCHEDULE_ID, UPDATE } from '../../src/contract/names.ts';
import { checkDeployment } from '../../src/checks/check-temporal.ts';
import { environmentFor, runJson } from '../cli/command-process.ts';
import { test } from '../support/fixtures.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../support/snapshot.ts';
import type { TestDatabase } from '../support/test-database.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { startRun, watchRun, type WatchedRun } from '../support/watched-run.ts';
import { startWorker } from '../support/worker-process.ts';
import { DEPLOYMENT, deployment, startVersion, whereaboutsOf } from '../support/versions.ts';

const FINDINGS = z.object({ findings: z.array(z.looseObject({ check: z.string() })) });

const PATIENT = { timeout: 120_000 };

/** Slow enough to be running while versions change. */
const SLOW = { ROWS_PER_SECOND: '300', CHUNK_TIME: '10ms', LANES: '1' };

const STOCK = { expired: 12_000, live: 500 };

/** So long ago that nothing had expired: a run of a moment. */
const NOTHING = { cutoff: '2001-01-01T00:00:00Z' };

describe('a rollout with a run under way', PATIENT, () => {
  test('pins a run to its version; new runs follow the ramp', async ({ temporal, database }) => {
    await fillAndSnapshot(database, STOCK);
    await using first = await startVersion(temporal, database, 'v1', SLOW);
    await deployment(temporal, 'set-current-version', '--build-id', 'v1');
    const underWay = await startRun(database, temporal);
    await underWay.untilDeleted(1);

    await using second = await startVersion(temporal, database, 'v2');
    // Nothing goes there by itself.
    expect(await goneTo(temporal, database)).toEqual('v1');

    await deployment(temporal, 'set-ramping-version', '--build-id', 'v2', '--percentage', '50');
    const seen = new Set<string>();
    for (let runs = 0; runs < 40 && seen.size < 2; runs += 1) {
      seen.add(await goneTo(temporal, database));
    }
    expect([...seen].toSorted()).toEqual(['v1', 'v2']);

    await deployment(temporal, 'set-current-version', '--build-id', 'v2');
    const onSecond = await startRun(database, temporal, { cutoff: halfOfTheStock() });
    const bySecond = await onSecond.result();
    expect(bySecond.deletedCount).toBeGreaterThan(0);
    expect(await whereaboutsOf(onSecond.handle)).toEqual({ versions: ['v2'], pids: [second.pid] });
    expect((await underWay.handle.describe()).status.name).toBe('RUNNING');
    // A task of the workflow, and then another slice, while the other version is the current one.
    await underWay.handle.executeUpdate(UPDATE.setPace, { args: [{ rowsPerSecond: 400 }] });

    await deployment(temporal, 'set-current-version', '--build-id', 'v1');
    expect(await goneTo(temporal, database)).toEqual('v1');

    await underWay.handle.executeUpdate(UPDATE.setPace, { args: [{ rowsPerSecond: null }] });
    const byFirst = await underWay.result();
    expect(await whereaboutsOf(underWay.handle)).toEqual({ versions: ['v1'], pids: [first.pid] });
    expect(byFirst.deletedCount + bySecond.deletedCount).toBe(STOCK.expired);
    expect([await underWay.inLedger(), await onSecond.inLedger()]).toEqual([
      byFirst.deletedCount,
      bySecond.deletedCount,
    ]);
    expect(await compareWithSnapshot(database)).toEqual({
      expiredGone: STOCK.expired,
      expiredLeft: 0,
      liveGone: 0,
    });
  });

  test('a run without a worker of its version waits for one', async ({ temporal, database }) => {
    await fillAndSnapshot(database, STOCK);
    const first = await startVersion(temporal, database, 'v1', SLOW);
    await deployment(temporal, 'set-current-version', '--build-id', 'v1');
    const underWay = await startRun(database, temporal);
    await underWay.untilDeleted(1);
    await using _second = await startVersion(temporal, database, 'v2');
    await deployment(temporal, 'set-current-version', '--build-id', 'v2');

    first.signal('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0 });
    const before = await underWay.inLedger();
    // The other version's worker runs meanwhile, and does not touch it.
    expect(await goneTo(temporal, database)).toEqual('v2');
    expect(await underWay.inLedger()).toBe(before);
    expect(before).toBeLessThan(STOCK.expired);

    await using again = await startVersion(temporal, database, 'v1');
    expect(await underWay.result()).toMatchObject({ deletedCount: STOCK.expired });
    expect(await whereaboutsOf(underWay.handle)).toEqual({
      versions: ['v1'],
      pids: [first.pid, again.pid],
    });
    expect(await compareWithSnapshot(database)).toMatchObject({ expiredLeft: 0, liveGone: 0 });
  });
});

test(
  'a run of the schedule waits while no version is current, check says so, and it starts by itself',
  PATIENT,
  async ({ temporal, database }) => {
    const { client } = temporal;
    await fillAndSnapshot(database, { expired: 300, live: 50 });
    const version = { deploymentName: DEPLOYMENT, buildId: 'v1' };
    expect(await checkDeployment(client, version)).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('no worker of the deployment cleaners'),
    });
    await using worker = await startVersion(temporal, database, 'v1', { SCHEDULE: 'apply' });
    expect(worker.log()).toContainEqual(
      expect.objectContaining({
        msg: 'session_cleanup_check',
        check: 'deployment',
        remedy: expect.stringContaining('set-current-version'),
      }),
    );
    const run = await triggerSchedule(temporal, database);
    await expect
      .poll(async () => await checkDeployment(client, version), { timeout: 20_000 })
      .toMatchObject({
        level: 'warning',
        message: expect.stringContaining('has no current version'),
        remedy: `temporal worker deployment set-current-version --deployment-name ${DEPLOYMENT} --build-id v1`,
      });
    // Started and scheduled: no worker has been given its first task.
    expect(await run.handle.describe()).toMatchObject({ historyLength: 2 });

    await deployment(temporal, 'set-current-version', '--build-id', 'v1');
    expect(await run.result()).toMatchObject({ deletedCount: 300 });
    expect(await compareWithSnapshot(database)).toEqual({
      expiredGone: 300,
      expiredLeft: 0,
      liveGone: 0,
    });
    expect(await deploymentFinding(temporal, database, 'v1')).toEqual([
      { check: 'deployment', level: 'ok', message: 'current version of cleaners is v1' },
    ]);
    expect(await deploymentFinding(temporal, database, 'v2')).toEqual([
      expect.objectContaining({
        level: 'warning',
        message: 'current version of cleaners is v1; this one is v2',
      }),
    ]);
  },
);

test(
  'versioning is begun beside workers that have no version, and left again',
  PATIENT,
  async ({ temporal, database }) => {
    await using _plain = await startWorker({ databaseUrl: database.url, temporal });
    await using _version = await startVersion(temporal, database, 'v1');
    expect(await goneTo(temporal, database)).toBe('none');
    await deployment(temporal, 'set-current-version', '--build-id', 'v1');
    expect(await goneTo(temporal, database)).toBe('v1');
    await deployment(temporal, 'set-current-version', '--unversioned');
    expect(await goneTo(temporal, database)).toBe('none');
  },
);

/** Runs the workflow on an empty table, and returns the version that did it. */
async function goneTo(temporal: TestTemporal, database: TestDatabase): Promise<string> {
  const run = await startRun(database, temporal, NOTHING);
  expect(await run.result()).toMatchObject({ deletedCount: 0 });
  return (await whereaboutsOf(run.handle)).versions.join(' and ');
}

/** What `session-cleanup check` reports about the deployment for this version. */
async function deploymentFinding(
  temporal: TestTemporal,
  database: TestDatabase,
  buildId: string,
): Promise<readonly unknown[]> {
  const { result } = await runJson(['check'], {
    ...environmentFor(database, temporal),
    SESSION_CLEANUP_DEPLOYMENT: DEPLOYMENT,
    SESSION_CLEANUP_BUILD_ID: buildId,
  });
  return FINDINGS.parse(result).findings.filter(({ check }) => check === 'deployment');
}

/** The rows of the stock have expired within the last 30 days. */
function halfOfTheStock(): string {
  return new Date(Date.now() - 15 * 86_400_000).toISOString();
}

async function triggerSchedule(
  { client }: TestTemporal,
  database: TestDatabase,
): Promise<WatchedRun> {
  const schedule = client.schedule.getHandle(SCHEDULE_ID);
  await schedule.trigger('SKIP');
  const started = await vi.waitUntil(
    async () => (await schedule.describe()).info.recentActions[0],
    { timeout: 10_000 },
  );
  const { workflowId, firstExecutionRunId } = started.action.workflow;
  return watchRun(database, client, workflowId, firstExecutionRunId);
}
