/** Prepares a run of the end-to-end tests: servers with the Web UI, a browser, the workflow's code. */
import { chromium, type BrowserServer } from 'playwright-core';
import type { TestProject } from 'vitest/node';

import { browserOptions, findBrowser } from '../../../scripts/services/browser.ts';
import { startServers } from '../../support/global-setup.ts';
import { prebuildWorkflow } from '../../support/prebuilt-workflow.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the run's browser listens, or why there is none. */
    readonly browser: { readonly endpoint: string } | { readonly missing: string };
  }
}

/** Starts all of it; returns what ends it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  prebuildWorkflow();
  const browser = await startBrowser(project);
  const servers = startServers(project, { withUi: true });
  const stopServers = await servers.catch(async (error: unknown) => {
    await browser?.close();
    throw error;
  });
  return async () => {
    await browser?.close();
    await stopServers();
  };
}

async function startBrowser(project: TestProject): Promise<BrowserServer | undefined> {
  const found = findBrowser(process.env);
  if ('missing' in found) {
    console.log(`${found.missing} Without it the tests in the Web UI are skipped.`);
    project.provide('browser', found);
    return undefined;
  }
  const browser = await chromium.launchServer(browserOptions(found.program));
  project.provide('browser', { endpoint: browser.wsEndpoint() });
  return browser;
}
