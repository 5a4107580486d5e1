/** A window on the Web UI, and pictures of it. */
import { writeFile } from 'node:fs/promises';

import type { Browser, Page } from 'playwright-core';

import { openWindow } from '../services/browser.ts';
import { DEFAULT_NAMESPACE } from '../services/temporal-server.ts';
import { toPalettePng } from './palette-png.ts';

/** The window is as wide as the Web UI needs to set things side by side; its picture is smaller. */
const WINDOW = { width: 1_400, height: 860 };
const PICTURE_WIDTH = 1_200;

/** What takes the pictures. Disposing of it closes the window. */
export interface Camera extends AsyncDisposable {
  readonly page: Page;
  /** Opens a page of the namespace, and waits for its heading. */
  open(place: string, heading: string): Promise<void>;
  /** Saves what is to be seen now. */
  take(file: string): Promise<void>;
}

/** @param address - of the Web UI */
export async function openCamera(browser: Browser, address: string): Promise<Camera> {
  const window = await openWindow(browser, address, {
    viewport: WINDOW,
    deviceScaleFactor: PICTURE_WIDTH / WINDOW.width,
    reducedMotion: 'reduce',
    colorScheme: 'light',
  });
  const page = await window.newPage();
  return {
    page,
    open: async (place, heading) => {
      await page.goto(`${address}/namespaces/${DEFAULT_NAMESPACE}/${place}`);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.getByRole('button', { name: 'Collapse Navigation' }).click();
    },
    take: async (file) => {
      const picture = await page.screenshot({
        animations: 'disabled',
        caret: 'hide',
        // What lies behind an open form is blurred, which makes a picture large and tells nothing.
        style: 'dialog::backdrop { backdrop-filter: none !important }',
      });
      const desk = await window.newPage();
      const base64 = picture.toString('base64');
      const [width, height, data] = await desk.evaluate<[number, number, string]>(
        `(${READ_PIXELS})("${base64}")`,
      );
      await desk.close();
      await writeFile(file, toPalettePng({ width, height, data: Buffer.from(data, 'base64') }));
    },
    [Symbol.asyncDispose]: async () => {
      await window.close();
    },
  };
}

/** Run in the browser, which can read a picture: its width, height and pixels. */
const READ_PIXELS = `async (base64) => {
  const image = new Image();
  image.src = 'data:image/png;base64,' + base64;
  await image.decode();
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const reader = new FileReader();
  const read = new Promise((resolve) => (reader.onload = resolve));
  reader.readAsDataURL(new Blob([data]));
  await read;
  return [width, height, reader.result.split(',')[1]];
}`;
