/**
 * Takes the pictures of Temporal's Web UI in `docs/screenshots`, from a real server, worker, database
 * and browser:
 *
 *   npm run screenshots                all of them
 *   npm run screenshots -- failed      some of them, by name
 *
 * To be run when what the Web UI shows of a run changes. Look at each before it is committed.
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { openLaboratory } from './record-history/laboratory.ts';
import { SCENES, type Scene } from './screenshots/scenes.ts';
import { openCamera, type Camera } from './screenshots/camera.ts';
import { browserOptions, findBrowser } from './services/browser.ts';

const FOLDER = fileURLToPath(new URL('../docs/screenshots', import.meta.url));

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in SCENES));
const found = findBrowser(process.env);
if (unknown.length > 0 || 'missing' in found) {
  const known = Object.keys(SCENES).join(', ');
  console.error(
    'missing' in found
      ? found.missing
      : `No such picture: ${unknown.join(', ')}. Known are ${known}.`,
  );
  process.exit(2);
}

await mkdir(FOLDER, { recursive: true });
const browser = await chromium.launch(browserOptions(found.program));
try {
  for (const [name, scene] of Object.entries(SCENES)) {
    if (asked.length === 0 || asked.includes(name)) await take(name, scene);
  }
} finally {
  await browser.close();
}

/** Each scene has servers of its own, so that none sees the runs of another. */
async function take(name: string, scene: Scene): Promise<void> {
  await using laboratory = await openLaboratory({ withUi: true });
  await using camera: Camera = await openCamera(browser, laboratory.uiAddress ?? '');
  const file = path.join(FOLDER, `${name}.png`);
  await scene(laboratory, camera, async () => {
    await camera.take(file);
  });
  console.log(`${path.relative(process.cwd(), file)}: ${(await stat(file)).size} bytes`);
}
