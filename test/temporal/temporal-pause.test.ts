/** Temporal's own pause of a workflow, `temporal workflow pause`. */
import { describe, expect } from 'vitest';

import { UPDATE } from '../../src/contract/names.ts';
import { findRunningId, sendUpdate } from '../../src/runs/control.ts';
import { listRecentRuns } from '../../src/runs/recent-runs.ts';
import { runCommand, runJson, temporalEnvironment } from '../cli/command-process.ts';
import { test } from '../support/fixtures.ts';
import { untilDeleting } from '../support/pending-activity.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { temporalCli } from '../support/temporal-cli.ts';

describe('a run that Temporal has paused', { timeout: 90_000 }, () => {
  test('has not ended, says why, takes no request, and loses no count', async ({
    temporal,
    database,
  }) => {
    const { client, taskQueue } = temporal;
    await fillSessions(database, { expired: 20_000, live: 5 });
    const deletion = { chunkMilliseconds: 10, rowsPerSecond: 5_000 };
    await using _ = await startRealWorker(temporal, database, { deletion });
    const run = await startRealRun(temporal);
    const { workflowId } = run;
    await untilDeleting(run);
    const operate = async (command: string, ...args: string[]): Promise<void> => {
      await temporalCli(temporal, 'workflow', command, '--workflow-id', workflowId, ...args);
    };
    await operate('pause', '--reason', 'peak hour');

    const paused = { workflowId, state: 'running', paused: 'peak hour', pausedByTemporal: true };
    await expect
      .poll(async () => await listRecentRuns(client, 10, taskQueue))
      .toEqual([expect.objectContaining(paused)]);
    expect(await findRunningId(client, taskQueue)).toBe(workflowId);
    const remedy = `temporal workflow unpause --workflow-id ${workflowId}`;
    await expect(sendUpdate(client, workflowId, UPDATE.pause)).rejects.toThrow(remedy);

    const environment = temporalEnvironment(temporal);
    expect(await runJson(['run', 'show'], environment)).toMatchObject({
      exitCode: 0,
      result: { workflowId, state: 'running', paused: 'peak hour', pausedByTemporal: true },
    });
    for (const command of [['run', 'show'], ['status']]) {
      expect((await runCommand(command, environment)).stdout).toContain(remedy);
    }
    const late = await runCommand(['status', '--max-age', '1h'], environment);
    expect(late.exitCode).toBe(1);

    await operate('unpause');
    expect(await run.result()).toMatchObject({ deletedCount: 20_000 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });
});
