import { describe, expect, it } from 'vitest';

import { defineSchedule, findDifferences } from '../../src/schedule/definition.ts';
import type { DescribedSchedule } from '../../src/schedule/definition.ts';

const DEFINITION = defineSchedule({
  schedule: {
    scheduleId: 'session_cleanup',
    intervalSeconds: 21_600,
    offsetSeconds: 3_600,
    atWorkerStart: 'apply',
  },
  taskQueue: 'session-cleanup',
});

/** The schedule as the server describes it once it is as defined. */
const AS_DEFINED: DescribedSchedule = {
  spec: { calendars: [], skip: [], intervals: [{ every: 21_600_000, offset: 3_600_000 }] },
  action: { ...DEFINITION.action },
  policies: { ...DEFINITION.policies },
};

describe('the definition', () => {
  it('runs at the interval, skips an overlap, and never stops by itself', () => {
    expect(DEFINITION).toEqual({
      scheduleId: 'session_cleanup',
      spec: { intervals: [{ every: 21_600_000, offset: 3_600_000 }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'sessionCleanup',
        workflowId: 'session_cleanup',
        taskQueue: 'session-cleanup',
        args: [{}],
        staticSummary: expect.stringMatching(/./),
        staticDetails: expect.stringContaining('## Clean-up of expired sessions'),
      },
      policies: { overlap: 'SKIP', catchupWindow: 86_400_000, pauseOnFailure: false },
    });
  });
});

describe('differences', () => {
  it('are none when the schedule is as defined', () => {
    expect(findDifferences(AS_DEFINED, DEFINITION)).toEqual([]);
  });

  it('are none in what the Web UI writes out, or an operator adds', () => {
    const found: DescribedSchedule = {
      ...AS_DEFINED,
      spec: { ...AS_DEFINED.spec, timezone: 'UTC' },
      action: { ...AS_DEFINED.action, workflowTaskTimeout: 10_000, memo: { team: 'shop' } },
    };
    expect(findDifferences(found, DEFINITION)).toEqual([]);
  });

  it.each<[string, Partial<DescribedSchedule>, { found: string; wanted: string }]>([
    [
      'interval',
      { spec: { intervals: [{ every: 3_600_000, offset: 0 }] } },
      { found: 'every 1h', wanted: 'every 6h offset by 1h' },
    ],
    ['jitter', { spec: { ...AS_DEFINED.spec, jitter: 60_000 } }, { found: '1m', wanted: '0s' }],
    [
      'end',
      { spec: { ...AS_DEFINED.spec, endAt: new Date(0) } },
      { found: '1970-01-01T00:00:00.000Z', wanted: 'none' },
    ],
    [
      'workflow type',
      { action: { ...DEFINITION.action, workflowType: 'other' } },
      { found: 'other', wanted: 'sessionCleanup' },
    ],
    [
      'task queue',
      { action: { ...DEFINITION.action, taskQueue: 'other' } },
      { found: 'other', wanted: 'session-cleanup' },
    ],
    [
      'input',
      { action: { ...DEFINITION.action, args: [{ targets: ['a'] }] } },
      { found: '{"targets":["a"]}', wanted: '{}' },
    ],
    ['input', { action: { ...DEFINITION.action, args: [] } }, { found: 'none', wanted: '{}' }],
    [
      'details',
      { action: { ...DEFINITION.action, staticDetails: 'other' } },
      { found: 'another text', wanted: 'the runbook' },
    ],
    [
      'execution timeout',
      { action: { ...DEFINITION.action, workflowExecutionTimeout: 60_000 } },
      { found: '1m', wanted: 'none' },
    ],
    [
      'workflow retry',
      { action: { ...DEFINITION.action, retry: { maximumAttempts: 3 } } },
      { found: 'some', wanted: 'none' },
    ],
    [
      'overlap policy',
      { policies: { ...DEFINITION.policies, overlap: 'ALLOW_ALL' } },
      { found: 'ALLOW_ALL', wanted: 'SKIP' },
    ],
    [
      'catch-up window',
      { policies: { ...DEFINITION.policies, catchupWindow: 31_536_000_000 } },
      { found: '365d', wanted: '1d' },
    ],
    [
      'pause on failure',
      { policies: { ...DEFINITION.policies, pauseOnFailure: true } },
      { found: 'true', wanted: 'false' },
    ],
  ])('name the %s, as it is and as it should be', (field, change, difference) => {
    expect(findDifferences({ ...AS_DEFINED, ...change }, DEFINITION)).toEqual([
      { field, ...difference },
    ]);
  });
});
