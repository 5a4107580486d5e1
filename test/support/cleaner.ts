/** The deletion, driven directly: no workflow, no activity. */
import { randomUUID } from 'node:crypto';

import type { MikroORM } from '@mikro-orm/postgresql';
import { expect } from 'vitest';

import type { DeletionSettings, TargetConfig } from '../../src/config/config.ts';
import type { ResumePoint } from '../../src/contract/slice.ts';
import { createOrm } from '../../src/database/orm.ts';
import {
  deleteSlice,
  type SliceHooks,
  type SliceOutcome,
} from '../../src/deletion/delete-slice.ts';
import { previewTarget, type Preview } from '../../src/deletion/preview.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { TEST_DATABASE_SETTINGS, TEST_DELETION, TEST_TARGET } from './settings.ts';
import type { TestDatabase } from './test-database.ts';

export interface CleanOptions {
  readonly runId?: string;
  readonly slice?: number;
  /** SQL expression for the cut-off; left out: far in the future, so that the database's clock decides. */
  readonly cutoff?: string;
  readonly resumeFrom?: ResumePoint;
  readonly budgetSeconds?: number;
  readonly hooks?: Partial<SliceHooks>;
}

export interface Cleaner extends AsyncDisposable {
  readonly orm: MikroORM;
  /** One slice of a run of its own, unless the options name one. */
  clean(options?: CleanOptions): Promise<SliceOutcome>;
  preview(cutoff?: string): Promise<Preview>;
}

/** Opens a cleaner on a test's database; `await using` closes it. */
export function openCleaner(
  database: TestDatabase,
  overrides: {
    readonly target?: Partial<TargetConfig>;
    readonly settings?: Partial<DeletionSettings>;
  } = {},
): Cleaner {
  const target = { ...TEST_TARGET, ...overrides.target };
  const settings = { ...TEST_DELETION, ...overrides.settings };
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url: database.url }, [target], settings);
  return {
    orm,
    async clean(options = {}) {
      const { cutoff = "now() + interval '1 year'", hooks = {} } = options;
      const [row] = await database.sql<{ cutoff: string }>(
        `select to_jsonb(${cutoff}) #>> '{}' as cutoff`,
      );
      return await deleteSlice(
        orm,
        TEST_DATABASE_SETTINGS.ledgerSchema,
        {
          target: await inspectTarget(orm.em.fork(), target),
          settings,
          runId: options.runId ?? randomUUID(),
          slice: options.slice ?? 0,
          cutoff: row?.cutoff ?? '',
          ...(options.resumeFrom === undefined ? {} : { resumeFrom: options.resumeFrom }),
          ...(options.budgetSeconds === undefined ? {} : { budgetSeconds: options.budgetSeconds }),
        },
        { onProgress: () => undefined, shouldStop: () => undefined, ...hooks },
      );
    },
    preview: (cutoff) => previewTarget(orm, target, cutoff),
    [Symbol.asyncDispose]: () => orm.close(true),
  };
}

/**
 * Repeats a slice whose attempts fail after those chunks for which `diesAt` holds, until one completes.
 *
 * @param diesAt - gets the number of chunks so far, over all attempts
 */
export async function cleanInAttempts(
  cleaner: Cleaner,
  mostAttempts: number,
  diesAt: (chunks: number) => boolean,
): Promise<SliceOutcome | undefined> {
  let chunks = 0;
  const onProgress = (): void => {
    chunks += 1;
    if (diesAt(chunks)) throw new Error('The worker died.');
  };
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const outcome = await cleaner
      .clean({ runId: 'run', hooks: { onProgress } })
      .catch((error: unknown) => {
        expect(error).toMatchObject({ message: 'The worker died.' });
        return undefined;
      });
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** Planner settings that force one way. */
const TURNED_OFF = {
  drain: ['enable_seqscan'],
  sweep: ['enable_indexscan', 'enable_bitmapscan'],
} as const;

/** Forces one way for all later connections to the database. */
export async function forceWay(database: TestDatabase, way: 'sweep' | 'drain'): Promise<void> {
  for (const setting of TURNED_OFF[way]) {
    await database.sql(`alter database ${database.name} set ${setting} = off`);
  }
}

/** An address of the database that forces one way for its connections only. */
export function addressForcing(way: 'sweep' | 'drain', database: TestDatabase): string {
  const url = new URL(database.url);
  url.searchParams.set('options', TURNED_OFF[way].map((setting) => `-c ${setting}=off`).join(' '));
  return url.href;
}
