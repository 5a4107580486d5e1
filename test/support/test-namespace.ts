/** A Temporal namespace for one test. */
import { randomUUID } from 'node:crypto';

import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

/** A namespace of the test's own, so that the schedule's fixed id is unique. */
export interface TestTemporal {
  /** `host:port` of the run's server. */
  readonly address: string;
  readonly namespace: string;
  /** A task queue of the test's own. */
  readonly taskQueue: string;
  /** A client of that namespace. */
  readonly client: Client;
  /** A connection for workers; the same one each time, closed after the test. */
  connectWorker(): Promise<NativeConnection>;
}

/** A test's namespace and the end of its connections. */
export interface OwnedTestTemporal extends TestTemporal {
  close(): Promise<void>;
}

/** Registers a namespace on the run's server. It goes with the server, at the end of the run. */
export async function createTestNamespace(address: string): Promise<OwnedTestTemporal> {
  const connection = await Connection.connect({ address });
  const namespace = `test-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  let workerConnection: Promise<NativeConnection> | undefined;
  return {
    address,
    namespace,
    taskQueue: `test-${randomUUID()}`,
    client: new Client({ connection, namespace }),
    connectWorker: async () => {
      workerConnection ??= connectNatively(address);
      return await workerConnection;
    },
    close: async () => {
      await connection.close();
      await (await workerConnection)?.close();
    },
  };
}

/** Loads the SDK's native core only for tests that run a worker. */
async function connectNatively(address: string): Promise<NativeConnection> {
  const { NativeConnection: Native } = await import('@temporalio/worker');
  return await Native.connect({ address });
}
