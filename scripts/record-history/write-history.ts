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
 * @returns the number of its events
 */
export async function writeHistory(name: string, run: WorkflowHandle): Promise<number> {
  const history = await run.fetchHistory();
  await mkdir(HISTORIES, { recursive: true });
  const json = withoutPlaces(historyToJSON(history));
  await writeFile(path.join(HISTORIES, `${name}.json`), `${json}\n`);
  return history.events?.length ?? 0;
}

/** Takes the paths of this checkout out of stack traces, which no replay reads. */
function withoutPlaces(json: string): string {
  return json.replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '');
}
