/** Starting a server on a port that another process may take first. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { CommandFailure } from '../../src/cli/errors.ts';
import { isPortFree, LOOPBACK, resolvePort, type PortWish } from './ports.ts';
import { serviceFailure, type ServiceProcess } from './service-process.ts';
import type { StopSteps } from './service-record.ts';

/** How to start a server, and when it counts as started. */
export interface ServiceStart {
  /** Its ports, in the order in which the other functions get them. */
  readonly ports: readonly PortWish[];
  readonly spawn: (ports: readonly number[]) => Promise<ServiceProcess>;
  /** True once the server, and no other one on the same port, can be used. */
  readonly isReady: (service: ServiceProcess, ports: readonly number[]) => Promise<boolean>;
  /** Ends a server that did not become ready. */
  readonly stopSteps: StopSteps;
  /** Text of the server's log that means that a later start can succeed. */
  readonly transient?: string;
}

/** A server that is ready, and its ports. */
export interface StartedService {
  readonly service: ServiceProcess;
  readonly ports: readonly number[];
}

const READY_WITHIN_MILLISECONDS = 60_000;

/** Starts after which the ports are not chosen again. */
const MOST_PORT_CHOICES = 5;

/**
 * Starts a server and returns once it is ready. A port is free when it is chosen, and another process
 * can take it before the server does: then the ports are chosen again, except those that the caller fixed.
 * @throws Error that names the port and the remedy when a fixed port is in use.
 * @throws Error with the end of the server's log when it does not become ready.
 */
export async function startService(start: ServiceStart): Promise<StartedService> {
  const deadline = Date.now() + READY_WITHIN_MILLISECONDS;
  let taken: readonly number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const ports = await resolvePorts(start.ports, taken);
    const service = await start.spawn(ports);
    if (await becomesReady(start, service, ports, deadline)) return { service, ports };
    const failure = serviceFailure(service, 'did not start');
    const log = logOf(service);
    await service.end(start.stopSteps);
    const isPortTaken = /address already in use/i.test(log);
    if (isPortTaken) {
      taken = await portsInUse(ports);
      const fixed = start.ports.find((wish) => typeof wish === 'number' && taken.includes(wish));
      if (fixed !== undefined) throw portInUse(service, Number(fixed));
    }
    const isTransient =
      (isPortTaken && attempt < MOST_PORT_CHOICES) ||
      (start.transient !== undefined && log.includes(start.transient));
    if (!isTransient || Date.now() >= deadline) throw failure;
    await sleep(200);
  }
}

async function resolvePorts(
  wishes: readonly PortWish[],
  taken: readonly number[],
): Promise<readonly number[]> {
  const ports: number[] = [];
  for (const wish of wishes) ports.push(await resolvePort(wish, [...taken, ...ports]));
  return ports;
}

async function portsInUse(ports: readonly number[]): Promise<readonly number[]> {
  const inUse: number[] = [];
  for (const port of ports) if (!(await isPortFree(port))) inUse.push(port);
  return inUse;
}

function portInUse(service: ServiceProcess, port: number): Error {
  return new CommandFailure(
    `${service.name} did not start: another process listens on ${LOOPBACK}:${String(port)}. ` +
      'Stop that process, or choose another port.',
  );
}

async function becomesReady(
  start: ServiceStart,
  service: ServiceProcess,
  ports: readonly number[],
  deadline: number,
): Promise<boolean> {
  while (!service.hasExited() && Date.now() < deadline) {
    // Another process that has the port may leave the question without an answer.
    const ended = service.exited.then(() => false);
    if (await Promise.race([start.isReady(service, ports), ended])) return true;
    await Promise.race([sleep(25), ended]);
  }
  return false;
}

function logOf(service: ServiceProcess): string {
  try {
    return readFileSync(service.logFile, 'utf8');
  } catch {
    return '';
  }
}
