/** Metrics of a worker's process, as a monitoring system gets them. */
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';

import { describe, expect, vi } from 'vitest';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';
import { test } from '../support/fixtures.ts';
import { startRealRun } from '../support/real-worker.ts';
import { readMetrics } from '../support/scrape.ts';
import { fillSessions } from '../support/sessions.ts';
import { startWorker, type WorkerProcessOptions } from '../support/worker-process.ts';
import type { TestDatabase } from '../support/test-database.ts';
import type { TestTemporal } from '../support/test-namespace.ts';

/** The state of a socket that listens, in the files of `/proc/net`. */
const LISTENING = '0A';

function optionsOf(database: TestDatabase, temporal: TestTemporal): WorkerProcessOptions {
  return { databaseUrl: database.url, temporal };
}

describe('a worker with SESSION_CLEANUP_METRICS_ADDRESS', () => {
  test('counts what a run does, and reports what is left', async ({ database, temporal }) => {
    await fillSessions(database, { expired: 2_000, live: 50 });
    const address = `localhost:${await choosePort()}`;
    const settings = { METRICS_ADDRESS: address, APPROVAL: 'off', TIME_ZONE: 'UTC' };
    await using _ = await startWorker({ ...optionsOf(database, temporal), settings });
    const before = await vi.waitFor(async () => {
      const metrics = await readMetrics(address);
      expect(metrics.get('session_cleanup_expired_rows_estimate{target="sessions"}')).toBe(2_000);
      return metrics;
    });
    expect(before.get('session_cleanup_rows_deleted_total{target="sessions"}')).toBe(0);
    expect(before.get('session_cleanup_runs_total{outcome="completed"}')).toBe(0);
    expect(
      before.get('session_cleanup_oldest_expired_age_seconds{target="sessions"}'),
    ).toBeGreaterThan(0);
    expect(before.get('session_cleanup_awaiting_approval')).toBe(0);

    await (await startRealRun(temporal)).result();
    await expect((await startRealRun(temporal, { targets: ['none'] })).result()).rejects.toThrow(
      'Workflow execution failed',
    );
    const after = await readMetrics(address);
    expect(after.get('session_cleanup_rows_deleted_total{target="sessions"}')).toBe(2_000);
    expect(after.get('session_cleanup_rows_skipped_locked_total{target="sessions"}')).toBe(0);
    const chunks = after.get('session_cleanup_chunks_total{target="sessions"}');
    expect(chunks).toBeGreaterThan(0);
    expect(after.get('session_cleanup_chunk_duration_seconds_count{target="sessions"}')).toBe(
      chunks,
    );
    expect(after.get('session_cleanup_slice_duration_seconds_count{target="sessions"}')).toBe(1);
    expect(after.get('session_cleanup_runs_total{outcome="completed"}')).toBe(1);
    expect(after.get('session_cleanup_runs_total{outcome="failed"}')).toBe(1);
    expect(after.get('session_cleanup_failures_total{type="UnknownTarget"}')).toBe(1);
    expect(after.get('session_cleanup_run_duration_seconds_count')).toBe(2);
  });

  test('ends with exit code 1 when another program uses the port', async ({
    database,
    temporal,
  }) => {
    const server = createServer();
    const port = await choosePort();
    server.listen(port, LOOPBACK);
    await once(server, 'listening');
    const settings = { METRICS_ADDRESS: `${LOOPBACK}:${port}` };
    try {
      await expect(startWorker({ ...optionsOf(database, temporal), settings })).rejects.toThrow(
        `SESSION_CLEANUP_METRICS_ADDRESS: cannot listen on ${LOOPBACK}:${port}: ` +
          'Address already in use. Stop the other program, or set another address.',
      );
    } finally {
      server.close();
    }
  });
});

test('a worker without settings for it opens no port', async ({ database, temporal, skip }) => {
  if (process.platform !== 'linux') skip('Only Linux shows the sockets of a process as files.');
  await using worker = await startWorker(optionsOf(database, temporal));
  expect(listeningSockets(worker.pid)).toBe(0);
  const settings = { METRICS_ADDRESS: `${LOOPBACK}:${await choosePort()}` };
  await using other = await startWorker({ ...optionsOf(database, temporal), settings });
  expect(listeningSockets(other.pid)).toBe(1);
});

test('a worker with OTEL_EXPORTER_OTLP_ENDPOINT sends its metrics there', async ({
  database,
  temporal,
}) => {
  const received: { path: string | undefined; key: unknown; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push({ path: request.url, key: request.headers['x-key'], body });
      response.end();
    });
  });
  const port = await choosePort();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${LOOPBACK}:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  };
  try {
    await using _ = await startWorker({ ...optionsOf(database, temporal), env });
    await vi.waitFor(
      () => {
        expect(received.map(({ body }) => body).join()).toContain('session_cleanup_rows_deleted');
      },
      { timeout: 10_000 },
    );
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/v1/metrics']));
    expect(received[0]?.key).toBe('a b');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** How many TCP sockets a process listens on. */
function listeningSockets(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  const own = new Set(
    readdirSync(folder).flatMap((name) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`))?.[1] ?? [];
      } catch {
        // Closed meanwhile.
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6']
    .flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode = '']) => state === LISTENING && own.has(inode)).length;
}
