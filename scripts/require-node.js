// Loaded before a script by `node --import`: an older Node fails on TypeScript without naming a remedy.
import { isFit, remedy } from '../bin/node-version.js';

if (!isFit(process.versions.node)) {
  console.error(remedy());
  process.exit(1);
}
