/** `npm run build`: builds the published program into an empty `dist/`; `npm run bundle` adds the workflow. */
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { buildProgram } from './build/build-program.ts';
import { runScript } from './options.ts';

await runScript(async () => {
  const dist = fileURLToPath(new URL('../dist/', import.meta.url));
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  await buildProgram(dist);
});
