/** A folder for one test of servers and commands. */
import { chmodSync, mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { inject, test as base } from 'vitest';

export const test = base
  /** A fresh folder that every user may enter; removed after the test with all that is in it. */
  .extend('folder', async ({}, { onCleanup }): Promise<string> => {
    // Within the run's folder: what a killed run leaves running here is found and ended by the next.
    const parent = inject('runFolder') ?? realpathSync(os.tmpdir());
    const folder = mkdtempSync(path.join(parent, 'session-cleanup-folder-'));
    chmodSync(folder, 0o755);
    onCleanup(async () => {
      // A backend that has lost its postmaster may still be closing its files.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    });
    return folder;
  });
