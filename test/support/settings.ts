/** Settings that tests start from; a test states only what it is about. */
import type { DatabaseSettings, DeletionSettings, TargetConfig } from '../../src/config/config.ts';
import { DEFAULT_TARGET } from '../../src/contract/names.ts';

/** The default target: our own table. */
export const TEST_TARGET: TargetConfig = {
  name: DEFAULT_TARGET,
  file: undefined,
  schema: undefined,
  table: 'sessions',
  expiresColumns: ['expires_at'],
  expiresType: undefined,
  timeZone: 'UTC',
  lifetimeSeconds: 0,
  lifetimeColumn: undefined,
  never: [],
  where: [],
  graceSeconds: 0,
  // Most tests have nothing but expired rows.
  approvalShare: null,
  unlessReferenced: false,
  dependents: [],
  unlink: [],
  cascade: 'refuse',
  partitions: undefined,
};

/** All of the database's settings but its address. */
export const TEST_DATABASE_SETTINGS: Omit<DatabaseSettings, 'url'> = {
  ledgerSchema: 'session_cleanup',
  defaultSchema: undefined,
  ownsSessionsTable: true,
};

/** The defaults of the configuration. */
export const TEST_DELETION: DeletionSettings = {
  lanes: 2,
  // Tests look into the database all the time.
  lanesWhenBusy: 16,
  chunkMilliseconds: 20,
  lockTimeoutMilliseconds: 20,
  sliceSeconds: 300,
  asynchronousCommit: true,
  rowsPerSecond: undefined,
  maxReplicaLagSeconds: 10,
  maxTransactionAgeSeconds: 3_600,
  runBudgetSeconds: undefined,
  plausibility: 'check',
  ledgerRetentionDays: 30,
};
