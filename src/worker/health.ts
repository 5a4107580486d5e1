/** Health of a worker over HTTP, for the probes of Kubernetes and other process managers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import type { WorkerStatus } from '@temporalio/worker';

import { SETTINGS } from '../config/settings.ts';
import type { ListenAddress } from '../config/value-kinds.ts';
import { ListenError, listenText } from './listen-error.ts';

/** What may be asked of a worker. */
export const PROBES = ['live', 'ready', 'startup'] as const;

export type Probe = (typeof PROBES)[number];

export const PROBE_PATHS: Readonly<Record<Probe, string>> = {
  live: '/livez',
  ready: '/readyz',
  startup: '/startupz',
};

/** What a worker does, in this order. It waits only for a Temporal server; runs wait for a database. */
const PHASES = ['starting', 'waiting', 'running', 'stopping', 'failed'] as const;

export type WorkerPhase = (typeof PHASES)[number];

/** Answer to a probe; the body of a response. Holds no secrets. */
export interface HealthReport {
  readonly ok: boolean;
  readonly state: WorkerPhase;
  /** Why it is not what the probe asks for, or what the worker waits for. */
  readonly reason?: string;
}

/** Whether an answer comes from a worker. */
export function isHealthReport(answer: unknown): answer is HealthReport {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'ok' in answer &&
    typeof answer.ok === 'boolean' &&
    'state' in answer &&
    PHASES.some((phase) => phase === answer.state)
  );
}

/** What is asked of a worker that runs. */
export interface PollingWorker {
  readonly getStatus: () => Pick<
    WorkerStatus,
    'runState' | 'hasOutstandingWorkflowPoll' | 'hasOutstandingActivityPoll'
  >;
}

/**
 * The state of one worker's process. Neither the database nor Temporal is asked: an outage of either would
 * otherwise restart every worker.
 */
export class WorkerHealth {
  #phase: WorkerPhase = 'starting';
  #reason: string | undefined;
  #worker: PollingWorker | undefined;
  #hasPolled = false;

  /**
   * Enters a phase, unless a later one has been entered.
   *
   * @param reason - Must hold no secrets.
   */
  enter(phase: WorkerPhase, reason?: string): void {
    if (PHASES.indexOf(phase) < PHASES.indexOf(this.#phase)) return;
    this.#phase = phase;
    this.#reason = reason;
  }

  /** The worker is about to poll. */
  run(worker: PollingWorker): void {
    this.#worker = worker;
    this.enter('running');
  }

  report(probe: Probe): HealthReport {
    const reason = this.#reason ?? (probe === 'ready' ? this.#whyNotReady() : undefined);
    return {
      ok: this.#isOk(probe),
      state: this.#phase,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #isOk(probe: Probe): boolean {
    switch (probe) {
      case 'live':
        return this.#phase !== 'failed';
      // A start that waits for Temporal is complete, or the outage would end it.
      case 'startup':
        return this.#phase !== 'failed' && this.#phase !== 'starting';
      case 'ready':
        return this.#phase === 'running' && this.#whyNotReady() === undefined;
    }
  }

  #whyNotReady(): string | undefined {
    if (this.#phase !== 'running' || this.#worker === undefined) return undefined;
    const { runState, hasOutstandingWorkflowPoll, hasOutstandingActivityPoll } =
      this.#worker.getStatus();
    if (runState !== 'RUNNING') return `the worker is ${runState.toLowerCase()}`;
    this.#hasPolled ||= hasOutstandingWorkflowPoll && hasOutstandingActivityPoll;
    return this.#hasPolled ? undefined : 'the worker has not polled yet';
  }
}

/** Nobody else sends a request that takes longer. Milliseconds. */
const REQUEST_WITHIN = 5_000;

/**
 * Answers probes until disposed: 200 when the worker is what the probe asks for, otherwise 503.
 *
 * @throws ListenError when it cannot listen there
 */
export async function serveHealth(
  address: ListenAddress,
  health: WorkerHealth,
): Promise<AsyncDisposable> {
  const server = createServer(
    { requestTimeout: REQUEST_WITHIN, headersTimeout: REQUEST_WITHIN },
    (request, response) => {
      answer(request, response, health);
    },
  );
  server.listen({ ...address, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(SETTINGS.healthAddress.name, listenText(address), reasonOf(error));
  }
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, health: WorkerHealth): void {
  const path = request.url?.split('?', 1)[0];
  const probe = PROBES.find((candidate) => PROBE_PATHS[candidate] === path);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const [status, body] =
    probe === undefined
      ? [404, { paths: Object.values(PROBE_PATHS) }]
      : isRead
        ? withStatus(health.report(probe))
        : [405, { methods: ['GET', 'HEAD'] }];
  // A kept connection would hold up the shutdown.
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify(body)}\n`);
}

function withStatus(report: HealthReport): [status: number, body: HealthReport] {
  return [report.ok ? 200 : 503, report];
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses it',
  EACCES: 'this user may not',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host is unknown',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (code || String(error));
}
