/** Debian's Prometheus, with the alert rules. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { vi } from 'vitest';
import { z } from 'zod';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';

/** The alert rules; their unit tests lie beside them. */
export const RULES = 'deploy/prometheus/rules.yaml';

/** Why tests that need Prometheus are skipped; undefined: it is installed. */
export function whyNoPrometheus(): string | undefined {
  return ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0)
    ? undefined
    : 'prometheus is not installed: "apt-get install prometheus"';
}

/** Runs promtool, and returns its output. @throws Error with its output when it finds something. */
export async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('promtool', args);
  return stdout;
}

const ANSWER = z.object({ status: z.string(), error: z.string().optional(), data: z.unknown() });

/** A running Prometheus. Disposing of it ends it. */
export interface Prometheus extends AsyncDisposable {
  /** What the API answers. @throws Error when it refuses */
  ask(question: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
}

/** Starts a Prometheus that scrapes this address and evaluates the rules each second. */
export async function startPrometheus(scraped: string): Promise<Prometheus> {
  const address = `${LOOPBACK}:${await choosePort()}`;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'session-cleanup-prometheus-'));
  const config = path.join(folder, 'prometheus.yaml');
  await copyFile(RULES, path.join(folder, 'rules.yaml'));
  // YAML may be JSON.
  const settings = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'worker', static_configs: [{ targets: [scraped] }] }],
  };
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  await vi.waitFor(
    async () => {
      const { ok } = await fetch(`http://${address}/-/ready`);
      if (!ok) throw new Error('Prometheus is not ready.');
    },
    { timeout: 20_000, interval: 100 },
  );
  return {
    async ask(question, parameters = {}) {
      const query = new URLSearchParams(parameters);
      const response = await fetch(`http://${address}/api/v1/${question}?${query.toString()}`);
      const { status, error, data } = ANSWER.parse(await response.json());
      if (status !== 'success') throw new Error(error);
      return data;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
