import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, inject } from 'vitest';

import { countSessions, fillSessions } from '../support/sessions.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { createTestNamespace } from '../support/test-namespace.ts';
import { TEMPLATE_DATABASE } from '../support/postgres-template.ts';
import { expectDone, liveServices, test } from '../support/dev-process.ts';

const portOf = (address: string): string => new URL(`x://${address.split('@').at(-1) ?? ''}`).port;

describe('npm run dev -- --once', { timeout: 120_000 }, () => {
  test('deletes expired rows, prints JSON, and keeps its data', async ({ data, startDev }) => {
    const taken = {
      postgres: portOf(inject('postgresUrl')),
      temporal: portOf(inject('temporalAddress')),
    };
    const first = await startDev({
      args: [
        ...['--once', '--sessions', '5000'],
        ...['--postgres-port', taken.postgres, '--temporal-port', taken.temporal],
      ],
    });
    const { code, lastLine } = await first.ended();
    expectDone(code, first);
    expect(JSON.parse(lastLine)).toEqual({
      deletedCount: 3_000,
      expiredBefore: 3_000,
      liveBefore: 2_000,
      liveAfter: 2_000,
      workflowId: expect.stringMatching(/^session_cleanup-\d{4}-/),
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const output = first.output();
    expect(output).toContain(`Port ${taken.postgres} is in use: PostgreSQL listens on `);
    expect(output).toContain(`Port ${taken.temporal} is in use: Temporal listens on `);
    expect(output).toMatch(/100 % {2}3,000 of 3,000 {2}[\d,]+ rows\/s/);
    // A worker that starts slowly needs another workflow task, which is three events.
    expect(output).toMatch(/1[25] events, result: 3,000 rows deleted/);
    expect(output).toContain('2,000 live, 0 expired');
    expect(output).toMatch(/Next run {4}\d{4}-\d\d-\d\d \d\d:00:00 UTC \(in /);
    expect(output).toMatch(
      /http:\/\/127.0.0.1:\d+\/namespaces\/default\/schedules\/session_cleanup\n/,
    );
    expect(output).toMatch(/\/namespaces\/default\/workflows\/session_cleanup-.*\/history\n/);
    expect(liveServices(data)).toEqual([]);

    const second = await startDev({ args: ['--once', '--sessions', '9000'] });
    const again = await second.ended();
    expectDone(again.code, second);
    expect(JSON.parse(again.lastLine)).toMatchObject({ deletedCount: 5_400, liveAfter: 3_600 });
    expect(second.output()).toContain('5,400 expired and 1,600 live sample rows written');
  });

  test.runIf(process.getuid?.() === 0)(
    'starts from scratch when its folder was removed, although its data is in another folder',
    async ({ data, folder, startDev }) => {
      const shared = path.join(folder, 'tmp');
      mkdirSync(shared);
      for (const sessions of [1_000, 100]) {
        mkdirSync(data, { mode: 0o700 });
        const dev = await startDev({
          args: ['--once', '--sessions', String(sessions)],
          env: { TMPDIR: shared },
        });
        const { code, lastLine } = await dev.ended();
        expectDone(code, dev);
        expect(dev.output()).toContain(`PostgreSQL's data is in ${shared}`);
        expect(JSON.parse(lastLine)).toMatchObject({
          deletedCount: sessions * 0.6,
          liveAfter: sessions * 0.4,
        });
        rmSync(data, { recursive: true });
      }
    },
  );

  test('writes no sample rows to the database of DATABASE_URL', async ({ data, startDev }) => {
    const database = await createTestDatabase(inject('postgresUrl'), TEMPLATE_DATABASE);
    const temporal = await createTestNamespace(inject('temporalAddress'));
    try {
      await fillSessions(database, { expired: 30, live: 20 });
      const dev = await startDev({
        args: ['--once', '--sessions', '500'],
        env: {
          DATABASE_URL: database.url,
          TEMPORAL_ADDRESS: temporal.address,
          TEMPORAL_NAMESPACE: temporal.namespace,
        },
      });
      const { code, lastLine } = await dev.ended();
      expectDone(code, dev);
      expect(JSON.parse(lastLine)).toMatchObject({
        deletedCount: 30,
        liveBefore: 20,
        liveAfter: 20,
      });
      expect(await countSessions(database)).toEqual({ expired: 0, live: 20 });
      expect(existsSync(path.join(data, 'postgres'))).toBe(false);
      expect(existsSync(path.join(data, 'temporal'))).toBe(false);
    } finally {
      await temporal.close();
      await database.drop();
    }
  });

  test('refuses a wrong setting before it starts anything', async ({ data, startDev }) => {
    const dev = await startDev({ args: ['--once'], env: { SESSION_CLEANUP_LANES: '99' } });
    expect((await dev.ended()).code).toBe(2);
    expect(dev.output()).toContain('SESSION_CLEANUP_LANES: "99"');
    expect(existsSync(data)).toBe(false);
  });
});
