import { stripVTControlCharacters } from 'node:util';

import { describe, expect, it, vi } from 'vitest';

import { createLogger, renderLogLine, toSdkLogger } from '../../src/logging/logging.ts';

describe('a log line', () => {
  it('is one JSON object with level, time, message and fields', () => {
    const { lines, logger } = capture();
    logger.info({ interval_seconds: 21_600 }, 'session_cleanup_scheduled');
    expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        interval_seconds: 21_600,
        msg: 'session_cleanup_scheduled',
      },
    ]);
  });

  it('holds no part of an error that may quote rows or addresses', () => {
    const { lines, logger } = capture();
    const error = Object.assign(new Error('refused', { cause: new Error('why') }), {
      code: '23505',
      detail: 'Key (token)=(hunter2) exists',
      url: 'postgres://app:hunter2@db',
    });
    logger.error({ error }, 'failed');
    const line = lines().join('');
    expect(line).not.toContain('hunter2');
    expect(JSON.parse(line)).toMatchObject({
      error: { name: 'Error', message: 'refused', code: '23505', cause: { message: 'why' } },
    });
  });

  it('is a readable line on a terminal', () => {
    const line = JSON.stringify({
      level: 'info',
      time: '2026-11-20T06:00:01.234Z',
      workflowId: 'session_cleanup-1',
      runId: 'hidden',
      deleted_count: 3,
      msg: 'session_cleanup_ran',
    });
    expect(stripVTControlCharacters(renderLogLine(line))).toBe(
      '06:00:01 info  session_cleanup_ran workflowId=session_cleanup-1 deleted_count=3\n',
    );
    expect(renderLogLine('no JSON')).toBe('no JSON');
  });
});

describe("the SDK's logger", () => {
  it('keeps levels, messages and fields', () => {
    const { lines, logger } = capture();
    toSdkLogger(logger).warn('careful', { workflowId: 'w' });
    expect(JSON.parse(lines().join(''))).toMatchObject({
      level: 'warn',
      workflowId: 'w',
      msg: 'careful',
    });
  });

  it('passes on the logs of workflows, but not the state of the SDK itself', () => {
    const { lines, logger } = capture();
    const sdk = toSdkLogger(logger);
    sdk.info('session_cleanup_ran', { sdkComponent: 'workflow' });
    sdk.info('webpack compiled', { sdkComponent: 'worker' });
    sdk.error('worker broke', { sdkComponent: 'worker' });
    expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ msg: 'session_cleanup_ran' }),
      expect.objectContaining({ msg: 'worker broke' }),
    ]);
  });

  it('reports the failures of heartbeats once an hour', () => {
    using clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    const { lines, logger } = capture();
    const sdk = toSdkLogger(logger);
    for (const at of [0, 10_000, 3_599_999, 3_600_000, 3_610_000]) {
      clock.mockReturnValue(at);
      sdk.warn(`refused at ${at}`, { target: 'temporalio_sdk_core::worker::heartbeat' });
      sdk.warn(`other at ${at}`, { target: 'temporalio_sdk_core::worker' });
    }
    expect(lines().filter((line) => line.includes('other'))).toHaveLength(5);
    expect(
      lines()
        .join('')
        .match(/refused at \d+/g),
    ).toEqual(['refused at 0', 'refused at 3600000']);
  });
});

function capture(): {
  readonly logger: ReturnType<typeof createLogger>;
  readonly lines: () => readonly string[];
} {
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
  };
  return { logger: createLogger('info', { write }), lines: () => lines };
}
