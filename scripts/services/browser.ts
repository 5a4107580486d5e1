/** Headless Chromium for Temporal's Web UI. */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

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
  if (named !== '') {
    return isProgram(named)
      ? { program: named }
      : {
          missing: `CHROMIUM is ${named}, which is not an executable file. Set it to the path of Chromium or Chrome.`,
        };
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
          `CHROMIUM to the path of Chromium or Chrome.`,
      }
    : { program };
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

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
