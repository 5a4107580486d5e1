import { get } from 'node:http';

import { Option } from 'commander';

import { givenText } from '../config/settings-reader.ts';
import { SETTINGS } from '../config/settings.ts';
import { LISTEN_ADDRESS, type ListenAddress } from '../config/value-kinds.ts';
import { isHealthReport, PROBE_PATHS, PROBES } from '../worker/health.ts';
import type { HealthReport, Probe } from '../worker/health.ts';
import { defineCommand } from './command.ts';
import { CommandFailure, InputError } from './errors.ts';

interface HealthOptions {
  readonly address?: string;
  readonly probe: Probe;
}

const { name: SETTING } = SETTINGS.healthAddress;

/** `session-cleanup health` */
export const addHealthCommand = defineCommand<HealthOptions>({
  name: 'health',
  summary: 'ask a running worker for its health',
  description:
    `Asks the worker on this machine that listens on ${SETTING}, and uses neither the database nor ` +
    'Temporal. For process managers whose probes are commands; others ask the paths /livez, /readyz ' +
    'and /startupz.',
  options: [
    new Option('--address <host:port>', `where it listens; default: ${SETTING}`),
    new Option(
      '--probe <probe>',
      'what to ask for: live (it need not be restarted), ready (it polls), startup (the start is complete)',
    )
      .choices(PROBES)
      .default('live'),
  ],
  settings: ['_HEALTH_ADDRESS'],
  examples: [
    ['session-cleanup health', 'is the worker live?'],
    ['session-cleanup health --probe ready --address 127.0.0.1:8080', 'does it poll?'],
  ],
  failed: 'it is not, or there was no answer',
  run: async ({ context, options: { address, probe } }) => {
    const listener = readAddress(address, givenText(context.environment, SETTING));
    const report = await ask(listener, probe);
    return {
      json: { probe, ...report },
      text: () =>
        `${report.ok ? '' : 'not '}${WORDS[probe]}: ${report.state}` +
        (report.reason === undefined ? '' : `. ${report.reason}`),
      hasFailed: !report.ok,
    };
  },
});

const WORDS = { live: 'live', ready: 'ready', startup: 'started' } as const;

/** @throws InputError when there is none, or it is not an address */
function readAddress(option: string | undefined, setting: string | undefined): ListenAddress {
  const [name, text] = option === undefined ? [SETTING, setting] : ['--address', option];
  if (text === undefined) {
    throw new InputError(`${SETTING}: not set. Set it as for the worker, or give --address.`);
  }
  const { data } = LISTEN_ADDRESS.schema.safeParse(text);
  if (data !== undefined) return data;
  throw new InputError(
    `${name}: ${JSON.stringify(text)} is invalid. Allowed: ${LISTEN_ADDRESS.allowed}.`,
  );
}

/** A worker answers at once; process managers wait for a second or more. Milliseconds. */
const ANSWER_WITHIN = 3_000;

/** Addresses that mean every interface of this machine, and how to reach one of them. */
const REACHED_AT: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

async function ask({ host, port }: ListenAddress, probe: Probe): Promise<HealthReport> {
  try {
    const text = await read(REACHED_AT[host] ?? host, port, PROBE_PATHS[probe]);
    const answer: unknown = JSON.parse(text);
    if (isHealthReport(answer)) return answer;
    throw new Error('The answer is not from a worker.');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new CommandFailure(
      `Worker: no answer at ${host}, port ${port}${code}. Start one with ${SETTING} set to this ` +
        'address, or correct the address.',
      { cause: error },
    );
  }
}

async function read(host: string, port: number, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get({ host, port, path, signal: AbortSignal.timeout(ANSWER_WITHIN) }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('end', () => {
      resolve(text);
    });
    response.on('error', reject);
  }).on('error', reject);
  return await promise;
}
