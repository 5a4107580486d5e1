import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

import { HISTORIES } from '../replay/read-histories.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Keeps a run's history as JSON, in the form of `temporal workflow show --output json`.
 *
 * @param folder - where; among the histories of the product unless given
 * @returns the number of its events
 */
export async function writeHistory(
  name: string,
  run: WorkflowHandle,
  folder = HISTORIES,
): Promise<number> {
  const history = await run.fetchHistory();
  await mkdir(folder, { recursive: true });
  const json = withoutPlaces(historyToJSON(history));
  await writeFile(path.join(folder, `${name}.json`), `${json}\n`);
  return history.events?.length ?? 0;
}

/** Takes the paths of this checkout out of stack traces, which no replay reads. */
function withoutPlaces(json: string): string {
  return json.replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '');
}
