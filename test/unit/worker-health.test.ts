import type { State } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';

import { loadConfigWithoutDatabase } from '../../src/config/load-config.ts';
import { PROBES, WorkerHealth, type Probe, type WorkerPhase } from '../../src/worker/health.ts';
import { problemsOf } from '../support/config-problems.ts';

const ADDRESS = 'SESSION_CLEANUP_HEALTH_ADDRESS';

const POLLING = {
  runState: 'RUNNING' as State,
  hasOutstandingWorkflowPoll: true,
  hasOutstandingActivityPoll: true,
};

describe('the health of a worker', () => {
  it.each<[Exclude<WorkerPhase, 'running'>, ...Probe[]]>([
    ['starting', 'live'],
    ['waiting', 'live', 'startup'],
    ['stopping', 'live', 'startup'],
    ['failed'],
  ])('is, while it is %s: %s %s', (phase, ...good) => {
    const health = new WorkerHealth();
    health.enter(phase);
    expect(PROBES.filter((probe) => health.report(probe).ok)).toEqual(good);
    expect(health.report('live').state).toBe(phase);
  });

  it('is ready from the first poll of both kinds on, also while no poll is open', () => {
    const status = { ...POLLING, hasOutstandingActivityPoll: false };
    const health = running(status);
    expect(health.report('ready')).toMatchObject({ ok: false, state: 'running' });
    status.hasOutstandingActivityPoll = true;
    expect(health.report('ready')).toEqual({ ok: true, state: 'running' });
    status.hasOutstandingWorkflowPoll = false;
    expect(PROBES.every((probe) => health.report(probe).ok)).toBe(true);
  });

  it('is live, but not ready, once the worker drains', () => {
    const health = running({ ...POLLING, runState: 'DRAINING' });
    expect(health.report('ready')).toMatchObject({ ok: false, reason: 'the worker is draining' });
    expect(health.report('live').ok).toBe(true);
  });

  it('does not return to an earlier phase, and keeps the last reason', () => {
    const health = new WorkerHealth();
    health.enter('waiting', 'first');
    health.enter('waiting', 'second');
    expect(health.report('ready')).toEqual({ ok: false, state: 'waiting', reason: 'second' });
    health.enter('stopping');
    health.enter('waiting', 'third');
    expect(health.report('live')).toEqual({ ok: true, state: 'stopping' });
  });
});

function running(status: typeof POLLING): WorkerHealth {
  const health = new WorkerHealth();
  health.run({ getStatus: () => status });
  return health;
}

describe('the address of the health server', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8_080],
    ['localhost:1', 'localhost', 1],
    ['[::]:65535', '::', 65_535],
  ])('%s is host %s, port %d', (text, host, port) => {
    expect(loadConfigWithoutDatabase({ [ADDRESS]: text }).healthAddress).toEqual({ host, port });
  });

  it('is none unless it is configured', () => {
    expect(loadConfigWithoutDatabase({ [ADDRESS]: '' }).healthAddress).toBeUndefined();
  });

  it.each([
    '8080',
    ':8080',
    'localhost:0',
    'localhost:65536',
    '::1:80',
    'http://x:80',
    'x:80/livez',
  ])('is refused as %s', (text) => {
    expect(problemsOf(() => loadConfigWithoutDatabase({ [ADDRESS]: text }))).toEqual([
      expect.stringMatching(`^${ADDRESS}: ".*Allowed: host:port`),
    ]);
  });
});
