/** The alert rules and the dashboard, compared with the metrics. `npm run docs` writes the copies. */
import { readFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { buildDashboard } from '../../scripts/monitoring/dashboard.ts';
import { EXPORTED_NAMES } from '../support/exported-metrics.ts';
import { headingAnchors } from '../support/heading-anchors.ts';

const RULES = 'deploy/prometheus/rules.yaml';
const DASHBOARD = 'deploy/grafana/dashboard.json';
const CHART_RULES = 'deploy/helm/session-cleanup/files/rules.yaml';

const RULE_FILE = z.object({
  groups: z.array(
    z.object({ rules: z.array(z.object({ annotations: z.object({ runbook: z.string() }) })) }),
  ),
});

test('the dashboard is the one that the code gives', async () => {
  const options = { ...(await resolveConfig(DASHBOARD)), parser: 'json' };
  const written = await format(JSON.stringify(buildDashboard()), options);
  await expect(written).toMatchFileSnapshot(`../../${DASHBOARD}`);
});

test('the chart has the alert rules', async () => {
  await expect(readFileSync(RULES, 'utf8')).toMatchFileSnapshot(`../../${CHART_RULES}`);
});

describe.for([RULES, DASHBOARD])('%s', (file) => {
  test('uses metrics that exist', () => {
    const used = readFileSync(file, 'utf8').match(/\bsession_cleanup_\w+/g) ?? [];
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !EXPORTED_NAMES.has(name))).toEqual([]);
  });
});

test('every metric is shown by the dashboard', () => {
  const shown = readFileSync(DASHBOARD, 'utf8').match(/\bsession_cleanup_\w+/g) ?? [];
  const bases = new Set(shown.map((name) => name.replace(/_bucket$/, '')));
  const missing = [...EXPORTED_NAMES].filter(
    (name) => !/_(?:bucket|sum|count)$/.test(name) && !bases.has(name),
  );
  expect(missing).toEqual([]);
});

test('every alert links to a heading of docs/operations.md', () => {
  const { groups } = RULE_FILE.parse(parse(readFileSync(RULES, 'utf8')));
  const anchors = headingAnchors(readFileSync('docs/operations.md', 'utf8'));
  const links = groups.flatMap(({ rules }) => rules.map(({ annotations }) => annotations.runbook));
  expect(links.length).toBeGreaterThan(7);
  const broken = links.filter((link) => {
    const [file, anchor = ''] = link.split('#');
    return file !== 'docs/operations.md' || !anchors.includes(anchor);
  });
  expect(broken).toEqual([]);
});
