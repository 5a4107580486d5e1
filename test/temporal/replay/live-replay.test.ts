import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { Worker } from '@temporalio/worker';
import { describe, expect } from 'vitest';

import { fetchHistories } from '../../../scripts/replay/histories.ts';
import { UPDATE } from '../../../src/contract/names.ts';
import { test } from '../../support/fixtures.ts';
import { startRealRun, startRealWorker, type RealRun } from '../../support/real-worker.ts';
import { fillSessions } from '../../support/sessions.ts';
import { TEST_TARGET } from '../../support/settings.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/replay.ts', import.meta.url));

/** The server lists runs a moment after they have begun or ended. */
const PATIENTLY = { timeout: 15_000 };

describe('npm run replay -- --live', { timeout: 60_000 }, () => {
  test('passes when the workflow would do the same again, also in a run that goes on', async ({
    temporal,
    database,
  }) => {
    await fillSessions(database, { expired: 2_000, live: 100 });
    const targets = [TEST_TARGET, { ...TEST_TARGET, name: 'gone', table: 'gone' }];
    const inputs = [{ dryRun: true }, { targets: ['sessions'] }, {}, { unknown: true }];
    await using _ = await startRealWorker(temporal, database, {
      targets,
      deletion: { rowsPerSecond: 2_000, chunkMilliseconds: 10 },
    });
    const runs = await endedRuns(temporal, inputs);
    // Work for several seconds: an activity hears of the pause within one, and must not end before.
    await fillSessions(database, { expired: 8_000, live: 0 });
    const goingOn = await startRealRun(temporal, { targets: ['sessions'] });
    await goingOn.executeUpdate(UPDATE.pause);
    await expect.poll(() => namesOf(temporal), PATIENTLY).toHaveLength(5);

    const { exitCode, stdout, stderr } = await replay(temporal, ['--live', '--since', '1h']);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`5 fetched: the runs of the task queue ${temporal.taskQueue}`);
    for (const { workflowId, firstExecutionRunId } of [goingOn, ...runs]) {
      expect(stdout).toMatch(
        new RegExp(
          `^same {2}${workflowId} \\(run ${firstExecutionRunId}\\) \\(\\d+ events\\)$`,
          'm',
        ),
      );
    }
    expect(stdout).toMatch(/^5 histories replayed in [\d.]+ s, none of them differs\.$/m);
    // Only read from: the paused run is as it was.
    expect((await goingOn.describe()).status.name).toBe('RUNNING');
    await goingOn.executeUpdate(UPDATE.resume);
    await goingOn.result();
  });

  test('fails when the workflow would do something else, and names run and event', async ({
    temporal,
  }) => {
    const run = await runOfChangedWorkflow(temporal);
    await expect.poll(() => namesOf(temporal), PATIENTLY).toHaveLength(1);

    const { exitCode, stdout, stderr } = await replay(temporal, ['--live']);

    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        `^DIFFERS {2}${run.workflowId} \\(run ${run.firstExecutionRunId}\\) \\(\\d+ events\\)\\n` +
          ' +first at event 5 TimerStarted: ',
        'm',
      ),
    );
    expect(stdout).toContain('1 of them differs.');
    expect(stderr).toContain('patched()');
  });

  test('passes runs that no worker has begun with, which have nothing to replay yet', async ({
    temporal,
  }) => {
    const waiting = await startRealRun(temporal);
    const delayed = await temporal.client.workflow.start('sessionCleanup', {
      workflowId: 'delayed',
      taskQueue: temporal.taskQueue,
      startDelay: '1 hour',
    });
    await expect.poll(() => namesOf(temporal), PATIENTLY).toHaveLength(2);
    const { exitCode, stdout } = await replay(temporal, ['--live']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`(run ${waiting.firstExecutionRunId}) (2 events, not begun)`);
    expect(stdout).toContain(`(run ${delayed.firstExecutionRunId}) (1 event, not begun)`);
    await Promise.all([waiting.terminate(), delayed.terminate()]);
  });

  test('says so when there is nothing to replay', async ({ temporal }) => {
    const { exitCode, stdout, stderr } = await replay(temporal, ['--live']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain(
      `Nothing was replayed: there are no runs of the task queue ${temporal.taskQueue} in the namespace ${temporal.namespace}`,
    );
  });

  test('fails when the server or the namespace is not there', async ({ temporal }) => {
    const nobody = await replay({ ...temporal, address: '127.0.0.1:1' }, ['--live']);
    expect(nobody).toMatchObject({ exitCode: 1 });
    expect(nobody.stderr).toContain('Temporal cannot be reached at 127.0.0.1:1');
    const nowhere = await replay({ ...temporal, namespace: 'nowhere' }, ['--live']);
    expect(nowhere).toMatchObject({ exitCode: 1 });
    expect(nowhere.stderr).toContain('nowhere');
  });

  test.for([
    { args: ['--live', '--since', 'yesterday'], message: /--since.*'yesterday'.*12h or 7d/ },
    { args: ['--live', '--since', '0d'], message: /--since.*'0d'/ },
    { args: ['--since', '7d'], message: /--since belongs to --live/ },
    { args: ['--life'], message: /unknown option '--life'/ },
    { args: ['sessions'], message: /too many arguments/ },
  ])('refuses $args', async ({ args, message }) => {
    const { exitCode, stdout, stderr } = await replay(NOWHERE, args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('refuses a wrong setting of the connection, and explains itself', async () => {
    const wrong = await replay(NOWHERE, ['--live'], { TEMPORAL_TLS: 'maybe' });
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain('TEMPORAL_TLS: "maybe"');
    const help = await replay(NOWHERE, ['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    expect(help.stdout).toContain('--since <duration>');
    expect(help.stdout).toContain('TEMPORAL_PROFILE');
  });
});

test('of all runs, those are fetched that go on or ended since, on this task queue', async ({
  temporal,
  database,
}) => {
  await using _ = await startRealWorker(temporal, database);
  await endedRuns(temporal, [{}]);
  const waiting = await temporal.client.workflow.start('sessionCleanup', {
    workflowId: 'elsewhere',
    taskQueue: 'elsewhere',
  });
  // The server's clock is this machine's.
  const endedAfter = new Date();
  const [late] = await endedRuns(temporal, [{}]);
  const namesOn = async (taskQueue: string): Promise<readonly string[]> =>
    await namesOf({ ...temporal, taskQueue }, endedAfter);
  await expect
    .poll(async () => await namesOn(temporal.taskQueue), PATIENTLY)
    .toEqual([`${late?.workflowId ?? ''} (run ${late?.firstExecutionRunId ?? ''})`]);
  await expect
    .poll(async () => await namesOn('elsewhere'), PATIENTLY)
    .toEqual([`elsewhere (run ${waiting.firstExecutionRunId})`]);
  await waiting.terminate();
});

const NOWHERE = { address: '127.0.0.1:1', namespace: 'none', taskQueue: 'none' };

type Where = Pick<TestTemporal, 'address' | 'namespace' | 'taskQueue'>;

interface ReplayEnd {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function replay(
  { address, namespace, taskQueue }: Where,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<ReplayEnd> {
  return await new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [SCRIPT, ...args],
      {
        // One that hangs must not outlive the test.
        timeout: 45_000,
        env: {
          PATH: process.env['PATH'],
          TEMPORAL_CONFIG_FILE: '/dev/null',
          TEMPORAL_ADDRESS: address,
          TEMPORAL_NAMESPACE: namespace,
          SESSION_CLEANUP_TASK_QUEUE: taskQueue,
          ...environment,
        },
      },
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, stdout, stderr });
      },
    );
  });
}

async function endedRuns(
  temporal: TestTemporal,
  inputs: readonly unknown[],
): Promise<readonly RealRun[]> {
  const runs: RealRun[] = [];
  for (const input of inputs) {
    const run = await startRealRun(temporal, input);
    await run.result().catch(() => undefined);
    runs.push(run);
  }
  return runs;
}

/** A run by another version of the workflow, which waits for a second before its first slice. */
async function runOfChangedWorkflow(temporal: TestTemporal): Promise<RealRun> {
  const worker = await Worker.create({
    connection: await temporal.connectWorker(),
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    workflowsPath: fileURLToPath(new URL('changed/waits-first.ts', import.meta.url)),
    activities: { planRun: () => Promise.resolve({ targets: ['sessions'] }) },
  });
  return await worker.runUntil(async () => {
    const run = await startRealRun(temporal);
    await expect
      .poll(async () => (await run.describe()).raw.pendingActivities, PATIENTLY)
      .toHaveLength(1);
    return run;
  });
}

async function namesOf(
  { client, taskQueue }: Pick<TestTemporal, 'client' | 'taskQueue'>,
  endedAfter = new Date(0),
): Promise<readonly string[]> {
  return (await fetchHistories(client, { taskQueue, endedAfter })).map(({ name }) => name);
}
