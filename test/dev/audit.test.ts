import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/audit.ts', import.meta.url));

/** A registry's answer to the question for vulnerabilities. */
interface Answer {
  readonly status: number;
  readonly body: object;
}

const REFUSED: Answer = { status: 405, body: {} };
const CLEAN: Answer = { status: 200, body: {} };
const VULNERABLE: Answer = {
  status: 200,
  body: {
    pino: [
      {
        ...{ id: 1, url: 'https://example.org/1', title: 'made up', severity: 'high' },
        ...{ vulnerable_versions: '<=999.0.0', cwe: [], cvss: { score: 9, vectorString: null } },
      },
    ],
  },
};

/** Runs the audit against a registry that answers like that. */
async function audit(
  { status, body }: Answer,
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly exitCode: unknown; readonly stdout: string }> {
  const registry = createServer((request, response) => {
    request.resume();
    const isQuestion = request.url?.endsWith('/security/advisories/bulk') === true;
    response.writeHead(isQuestion ? status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isQuestion ? body : {}));
  });
  const port = await choosePort();
  registry.listen(port, LOOPBACK);
  await once(registry, 'listening');
  try {
    return await new Promise((resolve) => {
      const env = {
        ...process.env,
        GITHUB_ACTIONS: '',
        npm_config_registry: `http://${LOOPBACK}:${port}/`,
        npm_config_fetch_retries: '0',
        ...environment,
      };
      execFile(process.execPath, [SCRIPT], { env }, (error, stdout) => {
        resolve({ exitCode: error?.code ?? 0, stdout });
      });
    });
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
}

test('a vulnerability in what production installs fails the audit', async () => {
  const { exitCode, stdout } = await audit(VULNERABLE);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('1 known vulnerabilities');
  expect(stdout).toContain('made up');
});

test('passes without one, also when npm is set to work offline', async () => {
  expect(await audit(CLEAN)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^0 known/),
  });
  const offline = { npm_config_offline: 'true' };
  expect(await audit(VULNERABLE, offline)).toMatchObject({ exitCode: 1 });
});

test('a registry that does not answer is reported, and fails it in GitHub Actions', async () => {
  const here = await audit(REFUSED);
  expect(here.exitCode).toBe(0);
  expect(here.stdout).toMatch(/^NO AUDIT WAS MADE\..*: 405 /);
  expect(await audit(REFUSED, { GITHUB_ACTIONS: 'true' })).toMatchObject({ exitCode: 1 });
});
