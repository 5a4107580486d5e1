/** The page of a run. Elements are found by role and name. */
import type { FrameLocator, Locator } from 'playwright-core';

import type { WebUi } from './web-ui-test.ts';

/** How the server knows a run. */
interface RunId {
  readonly workflowId: string;
  readonly runId: string;
}

/** Opens it, on one of its tabs. */
export async function openRun(
  ui: WebUi,
  { workflowId, runId }: RunId,
  tab: 'timeline' | 'history' | 'query' | 'user-metadata' = 'timeline',
): Promise<void> {
  await ui.open(`workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`);
  await ui.page.getByRole('heading', { level: 1, name: workflowId }).waitFor();
}

/** Waits until the page shows that state of the run. */
export async function untilStatus({ page }: WebUi, status: string): Promise<void> {
  await page.getByRole('status').filter({ hasText: status }).first().waitFor();
}

/** The content of a box of code, such as the result; waits until it holds that. */
export async function codeIn(
  { page }: WebUi,
  name: 'Input' | 'Result' | 'Query Result',
  part: string | RegExp,
): Promise<string> {
  const box = page.getByRole('textbox', { name, exact: true }).filter({ hasText: part });
  await box.waitFor();
  return await box.innerText();
}

/** Asks the run's query, and returns the answer. */
export async function askProgress(ui: WebUi, part: string | RegExp): Promise<string> {
  await ui.page.getByRole('tab', { name: 'Queries' }).click();
  await ui.page.getByRole('button', { name: 'progress' }).waitFor();
  await ui.page.getByRole('button', { name: 'Run Query' }).click();
  return await codeIn(ui, 'Query Result', part);
}

/** Summary, details and current details of the run, in this order, each in a frame of its own. */
export async function userMetadata({ page }: WebUi): Promise<readonly FrameLocator[]> {
  await page.getByRole('tab', { name: 'User Metadata' }).click();
  const frames = page.getByRole('main').locator('iframe');
  await frames.nth(2).waitFor();
  return [0, 1, 2].map((index) => frames.nth(index).contentFrame());
}

/** Requests cancellation: the run ends after the current chunk. */
export async function requestCancellation(ui: WebUi): Promise<void> {
  await ui.page.getByRole('button', { name: 'Request Cancellation' }).click();
  const dialog = openDialog(ui);
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Ends it at once. */
export async function terminateRun(ui: WebUi, reason: string): Promise<void> {
  const dialog = await chooseAction(ui, 'Terminate');
  await dialog.getByRole('textbox').fill(reason);
  await dialog.getByRole('button', { name: 'Terminate' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Resets it to its first workflow task. */
export async function resetRun(ui: WebUi, reason: string): Promise<void> {
  const dialog = await chooseAction(ui, 'Reset');
  // The button that opens the list of events has no name, but shows the choice in a field.
  await dialog
    .getByRole('button')
    .filter({ has: ui.page.locator('input') })
    .click();
  await ui.page.getByRole('option', { name: /^4 - / }).click();
  await dialog.getByRole('textbox', { name: 'Enter a reason' }).fill(reason);
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** Sends it an update. */
export async function sendUpdate(ui: WebUi, name: string, argument?: string): Promise<void> {
  const dialog = await chooseAction(ui, 'Send an Update');
  await dialog.getByRole('button', { name: 'Select an Update' }).click();
  await ui.page.getByRole('option', { name: new RegExp(`^${name}\\b`) }).click();
  if (argument !== undefined) {
    const data = dialog.getByRole('textbox', { name: 'Data' });
    await data.fill(argument);
    // It formats what was written once one leaves it, and the form moves.
    await data.blur();
  }
  await dialog.getByRole('button', { name: 'Submit' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

async function chooseAction(ui: WebUi, name: string): Promise<Locator> {
  await ui.page.getByRole('button', { name: 'More Actions' }).click();
  await ui.page.getByRole('menuitem', { name, exact: true }).click();
  return openDialog(ui);
}

function openDialog({ page }: WebUi): Locator {
  return page.getByRole('dialog').filter({ visible: true });
}
