import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import { unlessStopped } from '../../scripts/services/stop-request.ts';

describe('work that a stop request can interrupt', () => {
  test('gives its result, or its error, when nothing stops it', async () => {
    const { signal } = new AbortController();
    expect(await unlessStopped(signal, Promise.resolve('done'))).toBe('done');
    await expect(unlessStopped(signal, Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
  });

  test('is not awaited after the stop, even when it never ends', async () => {
    const stop = new AbortController();
    const waiting = unlessStopped(stop.signal, new Promise(() => undefined));
    stop.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
    await expect(unlessStopped(stop.signal, Promise.resolve('late'))).rejects.toThrow('Ctrl-C');
  });

  test('fails with the exit of a server rather than with its consequence', async () => {
    const stop = new AbortController();
    const work = unlessStopped(stop.signal, Promise.reject(new Error('connection reset')));
    await sleep(10);
    stop.abort(new Error('PostgreSQL ended'));
    await expect(work).rejects.toThrow('PostgreSQL ended');
  });

  test('may fail after the stop without an unhandled rejection', async () => {
    const stop = new AbortController();
    const work = Promise.withResolvers<never>();
    const waiting = unlessStopped(stop.signal, work.promise);
    stop.abort(new Error('Ctrl-C'));
    await expect(waiting).rejects.toThrow('Ctrl-C');
    work.reject(new Error('too late'));
    // An unhandled rejection would fail the test run.
    await sleep(10);
  });
});
