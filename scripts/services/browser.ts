/** Headless Chromium for Temporal's Web UI. */
import { spawnSync } from 'node:child_process';

import type {
  BrowserContext,
  BrowserContextOptions,
  Browser,
  LaunchOptions,
} from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Without requests to the internet and without first-start questions. */
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The program, or why it was not found. */
export type FoundBrowser = { readonly program: string } | { readonly missing: string };

/** Finds the browser that `CHROMIUM` names, else one on the PATH. */
export function findBrowser(env: NodeJS.ProcessEnv): FoundBrowser {
  const named = env['CHROMIUM'] ?? '';
  const search = (named === '' ? NAMES : ['"$CHROMIUM"']).map((name) => `command -v ${name}`);
  const { stdout } = spawnSync('/bin/sh', ['-c', search.join(' || ')], { env, encoding: 'utf8' });
  if (stdout !== '') return { program: stdout.trim() };
  return {
    missing:
      named === ''
        ? 'No Chromium was found on the PATH. Install it ("apt-get install chromium"), or set CHROMIUM to ' +
          'the path of Chromium or Chrome.'
        : `CHROMIUM is ${named}, which is not a program. Set it to the path of Chromium or Chrome.`,
  };
}

/** Launches it as the current user, which may be root, and therefore without its sandbox. */
export function browserOptions(program: string): LaunchOptions {
  return { executablePath: program, headless: true, chromiumSandbox: false, args: ARGUMENTS };
}

/** A window for the Web UI, in English and UTC. It blocks the page's requests to other addresses. */
export async function openWindow(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const window = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options });
  await window.route(
    (url) => url.origin !== address,
    async (route) => {
      await route.abort();
    },
  );
  return window;
}
