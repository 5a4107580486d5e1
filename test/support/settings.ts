/** Settings that tests start from; a test states only what it is about. */
import {
  TARGET_DEFAULTS,
  type DatabaseSettings,
  type DeletionSettings,
  type TargetConfig,
} from '../../src/config/config.ts';
import { DEFAULT_TARGET } from '../../src/contract/names.ts';

/** The default target: our own table. */
export const TEST_TARGET: TargetConfig = {
  ...TARGET_DEFAULTS,
  name: DEFAULT_TARGET,
  table: 'sessions',
  timeZone: 'UTC',
  // Most tests have nothing but expired rows.
  approvalShare: null,
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
