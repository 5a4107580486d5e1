/** The page of the schedule. Elements are found by role and name. */
import type { Locator } from 'playwright-core';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import type { Overlap } from './backfill.ts';
import type { WebUi } from './web-ui-test.ts';

/** The policies as the page calls them. */
const LABELS: Readonly<Record<Overlap, string>> = {
  Skip: 'Skip',
  BufferOne: 'Buffer One',
  BufferAll: 'Buffer All',
  AllowAll: 'Allow All',
  CancelOther: 'Cancel Other',
  TerminateOther: 'Terminate Other',
};

/** What is filled into the backfill form; what is left out stays as the form offers it. */
export interface BackfillForm {
  readonly range?: { readonly from: Date; readonly to: Date };
  readonly overlap?: Overlap;
}

/** Opens it. */
export async function openSchedule(ui: WebUi): Promise<void> {
  await ui.open(`schedules/${SCHEDULE_ID}`);
  await ui.page.getByRole('heading', { level: 1, name: SCHEDULE_ID }).waitFor();
}

/** Pauses or unpauses it, with a reason. */
export async function toggleSchedule(
  ui: WebUi,
  button: 'Pause' | 'Unpause',
  reason: string,
): Promise<void> {
  await ui.page.getByRole('button', { name: button, exact: true }).click();
  const dialog = openDialog(ui);
  await dialog.getByRole('textbox', { name: 'Reason' }).fill(reason);
  await confirm(dialog, button);
}

/** Triggers it under the policy that the form offers. */
export async function triggerInPage(ui: WebUi): Promise<void> {
  await chooseAction(ui, 'Trigger');
  await confirm(openDialog(ui), 'Trigger');
}

/** Fills in the backfill form; what it returns submits it. */
export async function prepareBackfill(
  ui: WebUi,
  { range, overlap }: BackfillForm,
): Promise<() => Promise<void>> {
  await openSchedule(ui);
  await chooseAction(ui, 'Backfill');
  const dialog = openDialog(ui);
  if (range !== undefined) {
    await fillInstant(dialog, 'start', range.from);
    await fillInstant(dialog, 'end', range.to);
  }
  if (overlap !== undefined) {
    await dialog.getByRole('radio', { name: LABELS[overlap] }).check();
  }
  return async () => {
    await confirm(dialog, 'Schedule');
  };
}

/** Opens the form that edits it. */
export async function openEditor(ui: WebUi): Promise<void> {
  await ui.open(`schedules/${SCHEDULE_ID}/edit`);
  await ui.page.getByRole('button', { name: 'Save' }).waitFor();
}

/** Saves it, and waits until the schedule's page is there again. */
export async function saveEditor({ page }: WebUi): Promise<void> {
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL((url) => url.pathname.endsWith(`/${SCHEDULE_ID}`));
}

async function chooseAction({ page }: WebUi, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Schedule Actions' }).click();
  await page.getByRole('menuitem', { name }).click();
}

function openDialog({ page }: WebUi): Locator {
  return page.getByRole('dialog').filter({ visible: true });
}

async function confirm(dialog: Locator, name: string): Promise<void> {
  await dialog.getByRole('button', { name, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

async function fillInstant(dialog: Locator, end: 'start' | 'end', instant: Date): Promise<void> {
  const [, year, month, day] = /^(\d+)-(\d+)-(\d+)/.exec(instant.toISOString()) ?? [];
  const field = (name: string): Locator => dialog.getByTestId(`backfill-${end}-${name}`);
  await field('date').fill(`${month}/${day}/${year}`);
  await field('date').press('Tab');
  // The calendar that opened with the field lies over the rest of the form.
  await dialog.getByText('Close', { exact: true }).click();
  await field('hour').fill(String(instant.getUTCHours()));
  await field('minute').fill(String(instant.getUTCMinutes()));
  await field('second').fill(String(instant.getUTCSeconds()));
}
