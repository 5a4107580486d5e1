import { expect, test } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { identifyProcess } from '../../scripts/services/process-identity.ts';
import { startInOwnProcess } from '../support/killed-run.ts';
import { removeDeadRuns } from '../support/test-run.ts';

test('the servers of a killed test run are stopped by the next one, those of a live run are not', async () => {
  const support = new URL('../support/test-run.ts', import.meta.url).href;
  const script = `
    const { createRunFolder } = await import(${JSON.stringify(support)});
    const { startPostgres } = await import(services + 'postgres-server.ts');
    const server = await startPostgres({
      dataDirectory: createRunFolder() + '/a/test/postgres', port: ${String(await choosePort())},
    });
    pid = server.pid`;
  await using run = await startInOwnProcess(script);
  await removeDeadRuns();
  expect(identifyProcess(run.serverPid)).toBeDefined();
  await run.kill();
  await removeDeadRuns();
  expect(identifyProcess(run.serverPid)).toBeUndefined();
});
