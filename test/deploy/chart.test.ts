import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

import { findDeployTools } from '../../scripts/services/deploy-tools.ts';
import { readTargetsOf } from '../../src/config/read-targets.ts';
import { settingsReference } from '../../src/config/settings.ts';
import { TEMPORAL_VARIABLES } from '../../src/temporal/connection-settings.ts';
import { test } from '../support/temporary-folder.ts';

const run = promisify(execFile);

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = path.join(CHECKOUT, 'deploy/helm/session-cleanup');

/** Each is a file in the chart's folder `ci`. */
const VALUES = ['minimal', 'full', 'worker-controller'] as const;

/** The oldest and the newest version that the chart is checked against. */
const KUBERNETES = ['1.29.0', '1.37.0'] as const;

const KINDS = [
  'configmap-v1',
  'deployment-apps-v1',
  'job-batch-v1',
  'poddisruptionbudget-policy-v1',
  'service-v1',
] as const;

/** Kinds that Kubernetes itself does not have: only rendered here. */
const FOREIGN_KINDS = 'ServiceMonitor,PrometheusRule,WorkerDeployment,Connection';

// The set-up has said why there are none.
const tools = await findDeployTools().catch(() => undefined);

const container = z.looseObject({
  args: z.array(z.string()),
  securityContext: z.unknown(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]),
});
const podTemplate = z.object({
  spec: z.looseObject({ containers: z.tuple([container]), enableServiceLinks: z.boolean() }),
});
const manifest = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.looseObject({ template: podTemplate.optional() }).optional(),
});

describe.skipIf(tools === undefined)('deploy/', () => {
  const { hadolint = '', helm = '', kubeconform = '', schemasOf } = tools ?? {};

  const render = async (...args: readonly string[]): Promise<string> =>
    (await run(helm, ['template', 'r', CHART, ...args])).stdout;
  const renderValues = async (name: string): Promise<string> =>
    await render('-f', valuesFile(name));
  const validate = async (kubernetes: string, file: string): Promise<string> => {
    const schemas = (await schemasOf?.(kubernetes, KINDS)) ?? '';
    const args = ['-strict', '-summary', '-skip', FOREIGN_KINDS, '-schema-location', schemas, file];
    return (await run(kubeconform, args)).stdout;
  };

  test('the Dockerfile passes hadolint', async () => {
    expect(await run(hadolint, ['deploy/Dockerfile'], { cwd: CHECKOUT })).toMatchObject({
      stdout: '',
    });
  });

  test.for(VALUES)('the chart passes helm lint with %s values', async (name) => {
    await run(helm, ['lint', '--strict', CHART, '-f', valuesFile(name)]);
  });

  test.for(VALUES.flatMap((name) => KUBERNETES.map((version) => [name, version] as const)))(
    'what the chart renders for %s values is valid in Kubernetes %s',
    async ([name, version], { folder }) => {
      const file = path.join(folder, 'rendered.yaml');
      writeFileSync(file, await renderValues(name));
      expect(await validate(version, file)).toMatch(/Valid: [1-9]\d*, Invalid: 0, Errors: 0/);
    },
  );

  test('an unknown field would be found', async ({ folder }) => {
    const file = path.join(folder, 'rendered.yaml');
    writeFileSync(file, (await renderValues('minimal')).replace('maxSurge', 'maxSuge'));
    await expect(validate(KUBERNETES[1], file)).rejects.toThrow('kubeconform');
  });

  test.for(VALUES)('pods of %s values have no rights', async (name) => {
    const pods = (await manifestsOf(renderValues(name))).flatMap(
      ({ spec }) => spec?.template ?? [],
    );
    const commands = pods.flatMap(({ spec }) => spec.containers[0].args);
    expect(commands.toSorted()).toEqual(['migrate', 'worker']);
    for (const { spec } of pods) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        // A service named session-cleanup would set SESSION_CLEANUP_PORT, an unknown setting.
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(spec.containers[0].securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test.for(VALUES)(
    'the program knows every variable of its pods with %s values',
    async (values) => {
      const known = [...settingsReference(), ...TEMPORAL_VARIABLES].map(({ name }) => name);
      const set = (await manifestsOf(renderValues(values))).flatMap(({ spec }) =>
        (spec?.template?.spec.containers ?? []).flatMap(({ env }) => env.map(({ name }) => name)),
      );
      expect(set).toContain('SESSION_CLEANUP_HEALTH_ADDRESS');
      expect(set.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  test('the configuration in a ConfigMap is the one that the values hold', async ({ folder }) => {
    const maps = (await manifestsOf(renderValues('full'))).filter(
      ({ kind }) => kind === 'ConfigMap',
    );
    expect(maps.map(({ metadata }) => metadata.name)).toEqual([
      'r-session-cleanup',
      'r-session-cleanup-migrate',
    ]);
    for (const { data } of maps) {
      const file = path.join(folder, 'session-cleanup.yaml');
      writeFileSync(file, data?.['session-cleanup.yaml'] ?? '');
      expect(readTargetsOf(file)).toMatchObject([
        { config: { name: 'web', table: 'sessions', expiresColumns: ['expires_at'] } },
      ]);
    }
  });

  test('the Worker Controller gets its own objects instead of a Deployment', async () => {
    const manifests = await manifestsOf(renderValues('worker-controller'));
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
      'Connection',
      'Job',
      'WorkerDeployment',
    ]);
    const worker = manifests.find(({ kind }) => kind === 'WorkerDeployment');
    const connection = manifests.find(({ kind }) => kind === 'Connection');
    expect(worker?.spec?.['workerOptions']).toEqual({
      connectionRef: { name: connection?.metadata.name },
      temporalNamespace: 'example.a1b2c',
    });
    expect(connection?.spec).toEqual({
      hostPort: 'example.a1b2c.tmprl.cloud:7233',
      apiKeySecretRef: { name: 'temporal-cloud', key: 'api-key' },
    });
    // The controller sets these itself.
    const names = worker?.spec?.template?.spec.containers[0].env.map(({ name }) => name) ?? [];
    expect(names.filter((name) => name.startsWith('TEMPORAL_'))).toEqual([]);
  });

  test('the rules for Prometheus are those of a file in the chart', async ({ folder }) => {
    const rules = {
      groups: [{ name: 'session-cleanup', rules: [{ alert: 'A', expr: 'up == 0' }] }],
    };
    const chart = path.join(folder, 'session-cleanup');
    cpSync(CHART, chart, { recursive: true });
    mkdirSync(path.join(chart, 'files'), { recursive: true });
    writeFileSync(path.join(chart, 'files/rules.yaml'), JSON.stringify(rules));
    const args = ['-f', valuesFile('minimal'), '--set', 'prometheusRule.enabled=true'];
    const { stdout } = await run(helm, ['template', 'r', chart, ...args]);
    const manifests = await manifestsOf(Promise.resolve(stdout));
    expect(manifests.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(rules);
  });

  test('the operator keeps the label `namespace` of the metrics', async () => {
    const monitor = (await manifestsOf(renderValues('full'))).find(
      ({ kind }) => kind === 'ServiceMonitor',
    );
    expect(monitor?.spec?.['endpoints']).toMatchObject([{ port: 'metrics', honorLabels: true }]);
  });

  test.for([
    ['temporal.address=t:7233', 'existingSecret: not set'],
    ['existingSecret=s', 'temporal.address: not set'],
    ['existingSecret=s,temporal.address=t:7233,replica=1', 'replica'],
    ['existingSecret=s,temporal.address=http://t', 'address'],
    ['existingSecret=s,temporal.address=t:7233,env.session_cleanup_lanes=1', 'env'],
    ['existingSecret=s,temporal.address=t:7233,serviceMonitor.enabled=true', 'Set metrics.enabled'],
  ] as const)('values with %s are refused: %s', async ([values, reason]) => {
    await expect(render('--set', values)).rejects.toThrow(reason);
  });

  test('the chart is for this version of the program', () => {
    const chart = z.object({ appVersion: z.string() });
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8')));
    const { appVersion } = chart.parse(parse(readFileSync(path.join(CHART, 'Chart.yaml'), 'utf8')));
    expect(appVersion).toBe(version);
  });
});

function valuesFile(name: string): string {
  return path.join(CHART, 'ci', `${name}-values.yaml`);
}

async function manifestsOf(
  rendered: Promise<string>,
): Promise<readonly z.infer<typeof manifest>[]> {
  const documents = parseAllDocuments(await rendered).map((document): unknown => document.toJS());
  return documents.filter((document) => document !== null).map((each) => manifest.parse(each));
}
