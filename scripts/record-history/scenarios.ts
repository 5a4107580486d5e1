/** The runs whose histories are kept: one for each way that a run can go. */
import { ScheduleOverlapPolicy, type WorkflowHandle } from '@temporalio/client';

import { UPDATE } from '../../src/contract/names.ts';
import { SESSIONS, UNHURRIED, type Laboratory } from './laboratory.ts';
import { chainFrom, runOfSchedule, start, type Scenario } from './starting.ts';
import { STEERED } from './steered-scenarios.ts';
import {
  ended,
  untilAttempt,
  untilAwaiting,
  untilDeleting,
  untilEvents,
  untilIdle,
} from './waiting.ts';

/** History lengths at which a scenario's server advises to continue as new; thousands for others. */
export const EVENTS_BEFORE_NEW: Readonly<Record<string, number>> = {
  'continued-as-new': 12,
  'continued-while-paused': 12,
};

/** By the name of the file that keeps the history. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  scheduled: async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await runOfSchedule(laboratory, '1s', async () => undefined);
  },

  triggered: async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await runOfSchedule(laboratory, '6h', async (schedule) => {
      await schedule.trigger(ScheduleOverlapPolicy.SKIP);
    });
  },

  backfilled: async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await runOfSchedule(laboratory, '6h', async (schedule) => {
      const end = new Date();
      const start = new Date(end.getTime() - 6 * 3_600_000);
      await schedule.backfill({ start, end, overlap: ScheduleOverlapPolicy.BUFFER_ALL });
    });
  },

  'started-by-hand': async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory));
  },

  'nothing-expired': async (laboratory) => {
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory, {}));
  },

  'several-slices': async (laboratory) => {
    await laboratory.fill(50_000);
    const deletion = { ...UNHURRIED, sliceSeconds: 1 };
    await using _ = await laboratory.startWorker({ deletion });
    return await ended(await start(laboratory));
  },

  'handed-over': async (laboratory) => {
    await laboratory.fill(40_000);
    let run: WorkflowHandle;
    {
      await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
      run = await start(laboratory);
      await untilDeleting(run);
    }
    await using _ = await laboratory.startWorker();
    return await ended(run);
  },

  'retried-after-a-failure': async (laboratory) => {
    await laboratory.fill(1_000);
    await laboratory.adminSql('alter database recorded allow_connections false');
    await using _ = await laboratory.startWorker();
    const run = await start(laboratory);
    await untilAttempt(run, 3);
    await laboratory.adminSql('alter database recorded allow_connections true');
    return await ended(run);
  },

  'dry-run': async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory, { dryRun: true }));
  },

  'given-cutoff': async (laboratory) => {
    await laboratory.fill(1_000);
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory, { cutoff: '2026-01-31T07:30:00.123456+05:45' }));
  },

  'two-targets': async (laboratory) => {
    await laboratory.fill(1_000);
    const targets = [SESSIONS, { ...SESSIONS, name: 'again' }];
    await using _ = await laboratory.startWorker({ targets });
    return await ended(await start(laboratory));
  },

  'two-targets-one-failed': async (laboratory) => {
    await laboratory.fill(1_000);
    const targets = [{ ...SESSIONS, name: 'gone', table: 'gone' }, SESSIONS];
    await using _ = await laboratory.startWorker({ targets });
    return await ended(await start(laboratory, { targets: ['gone', 'sessions'] }));
  },

  failed: async (laboratory) => {
    await using _ = await laboratory.startWorker({ targets: [{ ...SESSIONS, table: 'gone' }] });
    return await ended(await start(laboratory));
  },

  'failed-after-deleting': async (laboratory) => {
    await laboratory.fill(50_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await laboratory.sql('alter table sessions rename to sessions_elsewhere');
    return await ended(run);
  },

  'refused-input': async (laboratory) => {
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory, { dryrun: true }));
  },

  'refused-target': async (laboratory) => {
    await using _ = await laboratory.startWorker();
    return await ended(await start(laboratory, { targets: ['sessions', 'sesions'] }));
  },

  cancelled: async (laboratory) => {
    await laboratory.fill(50_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await run.cancel();
    return await ended(run);
  },

  'cancelled-between-attempts': async (laboratory) => {
    await laboratory.fill(50_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await refuseConnections(laboratory);
    // The next attempt is 4 s away: time enough to be cancelled, and for the count to be settled.
    await untilAttempt(run, 4);
    await laboratory.adminSql('alter database recorded allow_connections true');
    await run.cancel();
    return await ended(run);
  },

  'paused-between-attempts': async (laboratory) => {
    await laboratory.fill(50_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await refuseConnections(laboratory);
    await untilAttempt(run, 4);
    await laboratory.adminSql('alter database recorded allow_connections true');
    await run.executeUpdate(UPDATE.pause);
    await untilIdle(run);
    await run.executeUpdate(UPDATE.resume);
    return await ended(run);
  },

  'unknown-to-a-later-worker': async (laboratory) => {
    await laboratory.fill(50_000);
    let run: WorkflowHandle;
    {
      await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
      run = await start(laboratory);
      await untilDeleting(run);
      await refuseConnections(laboratory);
      await untilAttempt(run, 4);
    }
    await laboratory.adminSql('alter database recorded allow_connections true');
    const targets = [{ ...SESSIONS, name: 'others' }];
    await using _ = await laboratory.startWorker({ targets });
    return await ended(run);
  },

  'two-targets-one-awaiting': async (laboratory) => {
    await laboratory.fill(1_000);
    await laboratory.sql('create table codes (expires_at timestamptz)');
    await laboratory.sql(
      `insert into codes select now() - interval '1 hour' from generate_series(1, 2000)`,
    );
    const targets = [{ ...SESSIONS, name: 'codes', table: 'codes' }, SESSIONS];
    await using _ = await laboratory.startWorker({ targets });
    const run = await start(laboratory);
    await untilAwaiting(run);
    await untilIdle(run);
    await run.executeUpdate(UPDATE.approve, { args: [{ target: 'codes' }] });
    return await ended(run);
  },

  'cancelled-before-it-began': async (laboratory) => {
    const run = await start(laboratory);
    await run.cancel();
    await using _ = await laboratory.startWorker();
    return await ended(run);
  },

  'continued-as-new': async (laboratory) => {
    await laboratory.fill(70_000);
    const deletion = { ...UNHURRIED, sliceSeconds: 1 };
    const targets = [SESSIONS, { ...SESSIONS, name: 'again' }];
    await using _ = await laboratory.startWorker({ deletion, targets });
    const first = await start(laboratory);
    await ended(first);
    return await chainFrom(laboratory, first);
  },

  ...STEERED,

  'still-working': async (laboratory) => {
    await laboratory.fill(50_000);
    const deletion = { ...UNHURRIED, sliceSeconds: 1 };
    await using _ = await laboratory.startWorker({ deletion });
    const run = await start(laboratory);
    await untilEvents(run, 13);
    return run;
  },
};

/** Ends all connections to the database, and lets nobody in. */
async function refuseConnections(laboratory: Laboratory): Promise<void> {
  await laboratory.adminSql('alter database recorded allow_connections false');
  await laboratory.adminSql(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'recorded'",
  );
}
