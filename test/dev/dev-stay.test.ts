import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { describe, expect } from 'vitest';

import { SCHEDULE_ID } from '../../src/contract/names.ts';
import { expectDone, liveServices, readEnvironmentFile, test } from '../support/dev-process.ts';

/** Ctrl-C has to stop everything within this time. */
const ENDS_WITHIN_MILLISECONDS = 10_000;

async function withSchedule<T>(
  data: string,
  work: (schedule: ReturnType<Client['schedule']['getHandle']>) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({
    address: readEnvironmentFile(data)['TEMPORAL_ADDRESS'] ?? '',
  });
  try {
    return await work(new Client({ connection }).schedule.getHandle(SCHEDULE_ID));
  } finally {
    await connection.close();
  }
}

async function countRows(data: string, condition = 'true'): Promise<number> {
  const client = new pg.Client(readEnvironmentFile(data)['DATABASE_URL']);
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from sessions where ${condition}`,
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}

const portOf = (address = ''): string => new URL(address).port;

// Each starts servers and a worker once or twice, on a machine that may be busy.
describe('npm run dev', { timeout: 120_000 }, () => {
  test('makes new sessions, stops by Ctrl-C, and stays paused', async ({ data, startDev }) => {
    const dev = await startDev({ args: ['--sessions', '500'] });
    await dev.waitFor('Try ');
    expect(liveServices(data)).toHaveLength(3);
    await expect.poll(() => countRows(data), { timeout: 20_000 }).toBeGreaterThan(205);
    await expect
      .poll(() => countRows(data, 'expires_at <= now()'), { timeout: 30_000 })
      .toBeGreaterThan(0);
    await withSchedule(data, (schedule) => schedule.pause('hands off'));
    // npm forwards the signal that the terminal has already sent.
    dev.signal('SIGINT');
    dev.signal('SIGINT');
    const asked = performance.now();
    const { code } = await dev.ended();
    expect(performance.now() - asked).toBeLessThan(ENDS_WITHIN_MILLISECONDS);
    expect(code).toBe(0);
    expect(liveServices(data)).toEqual([]);

    const again = await startDev();
    await again.waitFor('Try ');
    expect(again.output()).toContain('The schedule is paused, so no run is triggered');
    expect(again.output()).toContain('hands off');
    const { info, state } = await withSchedule(data, (schedule) => schedule.describe());
    expect(state.paused).toBe(true);
    expect(info.recentActions).toHaveLength(1);
  });

  test('refuses a folder in use; keeps its data after SIGKILL', async ({ data, startDev }) => {
    const dev = await startDev({ args: ['--sessions', '500'] });
    await dev.waitFor('Try ');
    const rival = await startDev({ args: ['--once'] });
    expect((await rival.ended()).code).toBe(1);
    expect(rival.output()).toContain('in use by process');
    const orphans = liveServices(data);
    expect(orphans).toHaveLength(3);
    dev.signal('SIGKILL');
    await dev.ended();
    expect(liveServices(data)).toEqual(orphans);

    const address = readEnvironmentFile(data);
    const again = await startDev({
      args: [
        ...['--once', '--postgres-port', portOf(address['DATABASE_URL'])],
        ...['--temporal-port', portOf(`temporal://${String(address['TEMPORAL_ADDRESS'])}`)],
      ],
    });
    const { code, lastLine } = await again.ended();
    expectDone(code, again);
    expect(JSON.parse(lastLine).liveAfter).toBeGreaterThanOrEqual(200);
    // The orphans are stopped before ports are chosen.
    expect(again.output()).not.toContain('is in use');
    for (const pid of orphans) expect(again.output()).toContain(`(process ${String(pid)})`);
    expect(liveServices(data)).toEqual([]);
  });

  test('fills the table at the next start if stopped while filling', async ({ data, startDev }) => {
    const dev = await startDev({ args: ['--once', '--sessions', '3000000'] });
    await dev.waitFor('Filling');
    dev.signal('SIGINT');
    const asked = performance.now();
    expect((await dev.ended()).code).toBe(130);
    expect(performance.now() - asked).toBeLessThan(ENDS_WITHIN_MILLISECONDS);
    expect(liveServices(data)).toEqual([]);

    const again = await startDev({ args: ['--once', '--sessions', '100'] });
    const { code, lastLine } = await again.ended();
    expectDone(code, again);
    expect(JSON.parse(lastLine)).toMatchObject({ deletedCount: 60, liveAfter: 40 });
  });
});
