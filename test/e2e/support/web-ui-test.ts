/** The `test` of everything that is done in Temporal's Web UI. */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { chromium, type Browser, type Page } from 'playwright-core';
import { inject } from 'vitest';

import { openWindow } from '../../../scripts/services/browser.ts';
import { test as base } from '../../support/fixtures.ts';

/** What is left of failed tests; outside the run's folder, which goes with the run. */
const EVIDENCE = path.join(os.tmpdir(), 'session-cleanup-e2e');

/** The page has asked its server by then, on a busy machine, too. Milliseconds. */
const PATIENCE = 30_000;

/** The Web UI in a browser window, on the test's own namespace. */
export interface WebUi {
  readonly page: Page;
  /** Opens a page of the namespace, such as `schedules`. */
  open(place: string): Promise<void>;
}

export const test = base
  /** One connection to the run's browser for each test file; undefined where there is none. */
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }): Promise<Browser | undefined> => {
    const given = inject('browser');
    if ('missing' in given) return undefined;
    const browser = await chromium.connect(given.endpoint);
    onCleanup(() => browser.close());
    return browser;
  })
  /** A window of its own, closed after the test; a failed test names a picture and the text of it. */
  .extend(
    'ui',
    async ({ browser, temporal, skip, onTestFailed, task }, { onCleanup }): Promise<WebUi> => {
      const given = inject('browser');
      const address = inject('temporalUi');
      if (browser === undefined || address === undefined) {
        return skip('missing' in given ? given.missing : 'There is no Web UI.');
      }
      const window = await openWindow(browser, address, { viewport: { width: 1280, height: 900 } });
      window.setDefaultTimeout(PATIENCE);
      const page = await window.newPage();
      let evidence = '';
      onTestFailed(() => {
        for (const error of task.result?.errors ?? []) error.message += evidence;
      });
      onCleanup(async () => {
        if (task.result?.state === 'fail') evidence = await keepEvidence(page, task.id);
        await window.close();
      });
      return {
        page,
        open: async (place) => {
          await page.goto(`${address}/namespaces/${temporal.namespace}/${place}`);
        },
      };
    },
  );

/** Saves what the page showed and prints the path. */
async function keepEvidence(page: Page, name: string): Promise<string> {
  mkdirSync(EVIDENCE, { recursive: true });
  const file = path.join(EVIDENCE, name);
  await page.screenshot({ path: `${file}.png` });
  writeFileSync(`${file}.txt`, `${page.url()}\n${await page.locator('body').ariaSnapshot()}\n`);
  return `\nThe page: ${file}.png, its text: ${file}.txt`;
}
