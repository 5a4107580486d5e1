import type * as openTelemetry from '@opentelemetry/api';
import { ApplicationFailure } from '@temporalio/activity';
import type { TargetConfig } from '../src/config/config.ts';
import type { SliceRequest, SliceResult } from '../src/contract/slice.ts';

type Api = typeof openTelemetry;

let loading: Promise<Api | undefined> | undefined;

/** An optional peer: without it there is nothing to trace with. */
async function loadApi(): Promise<Api | undefined> {
  loading ??= import('@opentelemetry/api').catch(() => undefined);
  return await loading;
}

/**
 * Performs an attempt at a slice in a span of its own, by the tracing that the process has set up; without any, only
 * performs it. The span holds counts and names, and of a failure its type.
 */
export async function inSliceSpan(
  { target, slice, dryRun = false }: SliceRequest,
  targets: readonly TargetConfig[],
  perform: () => Promise<SliceResult>,
): Promise<SliceResult> {
  const api = await loadApi();
  if (api === undefined) return await perform();
  const table = targets.find(({ name }) => name === target)?.table;
  const attributes = {
    'db.system.name': 'postgresql',
    ...(table === undefined ? {} : { 'db.collection.name': table }),
    'session_cleanup.target': target,
    'session_cleanup.slice': slice,
    'session_cleanup.dry_run': dryRun,
  };
  const options = { kind: api.SpanKind.CLIENT, attributes };
  const tracer = api.trace.getTracer('session-cleanup');
  return await tracer.startActiveSpan('session_cleanup.slice', options, async (span) => {
    try {
      const result = await perform();
      span.setAttributes({
        'session_cleanup.way': result.way,
        'session_cleanup.deleted_count': result.deletedCount,
        'session_cleanup.skipped_locked': result.skippedLocked,
        'session_cleanup.stopped': result.stopped,
      });
      return result;
    } catch (error) {
      const type = error instanceof ApplicationFailure ? error.type : undefined;
      span.setAttribute('error.type', type ?? 'Cancelled').setStatus({
        code: api.SpanStatusCode.ERROR,
      });
      throw error;
    } finally {
      span.end();
    }
  });
}
