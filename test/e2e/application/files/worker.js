import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { SessionCleanupPlugin } from 'session-cleanup';
import * as activities from './activities.js';

Runtime.install({
  telemetryOptions: {
    metrics: {
      prometheus: { bindAddress: process.env.METRICS_ADDRESS, countersTotalSuffix: true },
    },
  },
});
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const worker = await Worker.create({
  connection,
  namespace: process.env.TEMPORAL_NAMESPACE,
  taskQueue: 'orders',
  workflowsPath: new URL('./workflows.js', import.meta.url).pathname,
  activities,
  plugins: [new SessionCleanupPlugin({ databaseUrl: process.env.DATABASE_URL })],
});
console.log('running');
await worker.run();
await connection.close();
console.log('stopped');
