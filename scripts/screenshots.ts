/** `npm run screenshots`: Temporal's Web UI for the documents. See `npm run screenshots -- --help`. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Argument } from 'commander';
import { chromium, type Browser } from 'playwright-core';

import { InputError } from '../src/cli/errors.ts';
import { runScript, scriptCommand } from './options.ts';
import {
  SESSIONS,
  withRecordingEnvironment,
  type RecordingEnvironment,
} from './record-history/environment.ts';
import { ended } from './record-history/waiting.ts';
import { SCENES, TARGETS } from './screenshots/scenes.ts';
import { browserOptions, findBrowser, openWindow } from './services/browser.ts';
import { listenForStop } from './services/stop-request.ts';

const FOLDER = fileURLToPath(new URL('../docs/screenshots', import.meta.url));

/** As wide as the Web UI needs to place things side by side; the screenshot is smaller. */
const WINDOW = { width: 1_400, height: 860 };
const SCREENSHOT_WIDTH = 1_200;

await runScript(async () => {
  const { signal } = listenForStop();
  const names = Object.keys(SCENES);
  const command = scriptCommand('npm run screenshots --')
    .description(
      'Takes the screenshots in docs/screenshots from a real server, worker, database and browser. Run it ' +
        'when the Web UI shows something else of a run, and look at each screenshot before you commit it.',
    )
    .addArgument(new Argument('[name...]', 'which ones').choices(names).default(names, 'all'))
    .parse(process.argv.slice(2), { from: 'user' });
  const found = findBrowser(process.env);
  if ('missing' in found) throw new InputError(found.missing);
  await mkdir(FOLDER, { recursive: true });
  await using browser = await chromium.launch(browserOptions(found.program));
  for (const name of names) {
    if (!command.processedArgs[0].includes(name)) continue;
    // Servers for this scene alone, so that none shows the runs of another.
    await withRecordingEnvironment(signal, { withUi: true }, (environment) =>
      takeScreenshot(browser, name, environment),
    );
  }
});
// After a stop request, a connection to Temporal stays open.
process.exit();

async function takeScreenshot(
  browser: Browser,
  name: string,
  environment: RecordingEnvironment,
): Promise<void> {
  const { client, uiAddress = '' } = environment;
  await using _ = await environment.startWorker({ targets: TARGETS[name] ?? [SESSIONS] });
  await using window = await openWindow(browser, uiAddress, {
    baseURL: uiAddress,
    viewport: WINDOW,
    deviceScaleFactor: SCREENSHOT_WIDTH / WINDOW.width,
    reducedMotion: 'reduce',
    colorScheme: 'light',
  });
  const page = await window.newPage();
  await SCENES[name]?.(environment, page);
  const file = path.join(FOLDER, `${name}.png`);
  await page.screenshot({
    path: file,
    animations: 'disabled',
    caret: 'hide',
    // The blurred page behind an open form shows nothing and makes the file large.
    style: 'dialog::backdrop { backdrop-filter: none !important }',
  });
  console.log(path.relative(process.cwd(), file));
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus='Running'" })) {
    const run = client.workflow.getHandle(workflowId);
    await run.cancel();
    await ended(run);
  }
}
