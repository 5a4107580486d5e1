import pg from 'pg';
import { describe, expect } from 'vitest';

import { readEnvironmentFile, test } from '../support/dev-process.ts';

describe('npm run dev -- --store', { timeout: 120_000 }, () => {
  test('cleans the table of a library, which then writes more sessions', async ({
    data,
    startDev,
  }) => {
    const dev = await startDev({ args: ['--store', 'connect-pg-simple', '--sessions', '200'] });
    await dev.waitFor('Try ');
    expect(dev.output()).toContain('120 expired and 80 live ones written by the library');
    expect(dev.output()).toContain('result: 120 rows deleted');
    const { DATABASE_URL, SESSION_CLEANUP_PRESET } = readEnvironmentFile(data);
    expect(SESSION_CLEANUP_PRESET).toBe('connect-pg-simple');
    const client = new pg.Client(DATABASE_URL);
    await client.connect();
    try {
      const countRows = async (): Promise<unknown> =>
        (await client.query('select count(*)::int as count from session')).rows[0]?.count;
      await expect.poll(countRows, { timeout: 20_000 }).toBeGreaterThan(80);
    } finally {
      await client.end();
    }
  });
});
