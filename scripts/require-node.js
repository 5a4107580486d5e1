// Loaded before a script by `node --import`: an older Node cannot read TypeScript, and would only say so.
import { isFit, remedy } from '../bin/node-version.js';

if (!isFit(process.versions.node)) {
  console.error(remedy());
  process.exit(1);
}
