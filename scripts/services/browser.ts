/** Chromium without a window, for what people do in Temporal's Web UI. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

import type {
  BrowserContext,
  BrowserContextOptions,
  Browser,
  LaunchOptions,
} from 'playwright-core';

/** Variable that names the program. */
const PROGRAM_VARIABLE = 'CHROMIUM';

/** What packages call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** It asks nobody outside for anything, and starts without questions. */
const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The program, or why there is none. */
export type FoundBrowser = { readonly program: string } | { readonly missing: string };

/** Finds the browser that `CHROMIUM` names, else one on the PATH. */
export function findBrowser(env: NodeJS.ProcessEnv): FoundBrowser {
  const named = env[PROGRAM_VARIABLE] ?? '';
  if (named !== '') {
    return isProgram(named)
      ? { program: named }
      : { missing: `${PROGRAM_VARIABLE} is ${named}, which is no program.` };
  }
  const program = (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)))
    .find(isProgram);
  return program === undefined
    ? {
        missing:
          `No Chromium was found on the PATH. Install it ("apt-get install chromium"), or set ` +
          `${PROGRAM_VARIABLE} to the path of Chromium or Chrome.`,
      }
    : { program };
}

/** How to launch it. It runs as whoever starts it, root included, and so without a sandbox of its own. */
export function browserOptions(program: string): LaunchOptions {
  return { executablePath: program, headless: true, chromiumSandbox: false, args: ARGUMENTS };
}

/**
 * A browser window for the Web UI: in English and UTC, wherever it runs. It reaches that address only,
 * since the page asks for news from the internet.
 */
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

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
