import { SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect, onTestFinished } from 'vitest';

import { test } from '../../support/fixtures.ts';
import { plantedIn, plantOne, plantSessions, textOf } from '../../support/planted.ts';
import { prepareRefusals, refuseBy } from '../../support/quoting-errors.ts';
import { startRealRun, startRealWorker } from '../../support/real-worker.ts';

test('each slice has one span, with counts and names only', async ({ database, temporal }) => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  onTestFinished(() => {
    trace.disable();
  });
  await plantSessions(database, { expired: 2_000, live: 50 });
  await prepareRefusals(database);
  await using _ = await startRealWorker(temporal, database);
  await (await startRealRun(temporal)).result();
  await plantOne(database);
  await refuseBy(database, 'unreadable');
  await expect((await startRealRun(temporal)).result()).rejects.toThrow(
    'Workflow execution failed',
  );

  const spans = exporter.getFinishedSpans();
  const common = {
    'db.system.name': 'postgresql',
    'db.collection.name': 'sessions',
    'session_cleanup.target': 'sessions',
    'session_cleanup.slice': 0,
    'session_cleanup.dry_run': false,
  };
  expect(spans.map(({ name, attributes, status }) => ({ name, attributes, status }))).toEqual([
    {
      name: 'session_cleanup.slice',
      attributes: {
        ...common,
        'session_cleanup.way': 'sweep',
        'session_cleanup.deleted_count': 2_001,
        'session_cleanup.skipped_locked': 0,
        'session_cleanup.stopped': 'drained',
      },
      status: { code: SpanStatusCode.UNSET },
    },
    {
      name: 'session_cleanup.slice',
      attributes: { ...common, 'error.type': expect.any(String) },
      status: { code: SpanStatusCode.ERROR },
    },
  ]);
  const text = textOf(
    spans.map(({ attributes, events, status }) => ({ attributes, events, status })),
  );
  expect(plantedIn(text)).toEqual([]);
});
