import { expect } from 'vitest';

import { openCleaner } from '../support/cleaner.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { test } from '../support/temporary-folder.ts';
import { recordWaits } from '../support/waits.ts';

test(
  'waits while checkpoints fall behind the WAL, and continues after one',
  { timeout: 60_000 },
  async ({ folder }) => {
    await using own = await startOwnPostgres(folder, {
      // The least that there is.
      max_wal_size: '32MB',
      min_wal_size: '32MB',
      // Without a pause: otherwise one that has fallen behind takes minutes when nothing more is written.
      checkpoint_completion_target: '0',
      autovacuum: 'off',
    });
    const { database } = own;
    await fillSessions(database, { expired: 3_000, live: 100 });
    const [checkpointer] = await database.sql<{ pid: number }>(
      `select pid from pg_stat_activity where backend_type = 'checkpointer'`,
    );
    if (checkpointer === undefined) throw new Error('The server has no checkpointer.');
    await database.sql('checkpoint');
    // As on an overloaded disk: the requested checkpoint does not finish.
    process.kill(checkpointer.pid, 'SIGSTOP');
    await database.sql(`create table bulk as select repeat(md5(i::text), 30) as content
    from generate_series(1, 90000) as i`);
    await using cleaner = openCleaner(database);
    const { waits, hooks } = recordWaits(() => process.kill(checkpointer.pid, 'SIGCONT'));

    const outcome = await cleaner.clean({ hooks });

    expect(waits).toEqual([expect.stringMatching(/^wal: \d\.\d × max_wal_size$/)]);
    expect(outcome).toMatchObject({
      deletedCount: 3_000,
      stopped: 'drained',
      waits: [{ reason: 'wal', seconds: expect.any(Number) }],
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  },
);
