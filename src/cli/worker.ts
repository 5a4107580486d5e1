import { loadOtlpSettings } from '../config/load-config.ts';
import { createLogger } from '../logging/logging.ts';
import { defineCommand } from './command.ts';
import { onInterrupt, readFullConfig } from './context.ts';
import { EXIT, reportError } from './errors.ts';

/** `session-cleanup worker` */
export const addWorkerCommand = defineCommand({
  name: 'worker',
  summary: 'poll Temporal and delete, until stopped',
  description:
    'Runs a worker until it is stopped. At its start it makes the schedule match the configuration ' +
    '(see SESSION_CLEANUP_SCHEDULE). It waits for a database or a Temporal server that is down, and for a ' +
    'namespace that does not exist yet; a wrong login or certificate, or a missing database or ledger, ends ' +
    'it at once. Run as many as you like.\n\n' +
    'Ctrl-C and SIGTERM stop it gracefully: it finishes the current transaction and leaves the rest ' +
    'to another worker. A second signal ends it at once; the count stays exact even then.\n\n' +
    'Logs go to standard output, as JSON unless that is a terminal. Metrics are exported if ' +
    'SESSION_CLEANUP_METRICS_ADDRESS or OTEL_EXPORTER_OTLP_ENDPOINT is set.',
  settings: 'all',
  temporal: true,
  examples: [
    ['session-cleanup worker', 'run a worker here'],
    ['SESSION_CLEANUP_SCHEDULE=off session-cleanup worker', 'do not touch the schedule'],
  ],
  failed: 'failed: the worker could not start, or had to be aborted',
  json: false,
  run: async ({ context }) => {
    const { config, temporal } = readFullConfig(context);
    const otlp = loadOtlpSettings(context.environment);
    // Loads the SDK's native core and the ORM, which no other command needs.
    const { runWorker } = await import('../worker/run-worker.ts');
    await runWorker({
      config,
      otlp,
      temporal,
      logger: createLogger(config.logLevel, context.stdout),
      onInterrupt,
      explain: (error) => reportError(error).message,
    });
    return EXIT.done;
  },
});
