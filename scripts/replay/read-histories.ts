import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

import type { NamedHistory } from './replay-histories.ts';

/** Where recorded histories are kept. */
export const HISTORIES = fileURLToPath(new URL('../../test/histories/', import.meta.url));

/** Reads all histories that are recorded in a folder, in the order of their names. */
export async function readHistories(folder = HISTORIES): Promise<readonly NamedHistory[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  return await Promise.all(
    files.map(async (file) => {
      const json: unknown = JSON.parse(await readFile(path.join(folder, file), 'utf8'));
      return { name: path.basename(file, '.json'), history: historyFromJSON(json) };
    }),
  );
}
