// Which Node the program needs, and how to get it. Plain JavaScript of any age, as an old Node reads it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A published package holds no source. */
const isPublished = !existsSync(new URL('../src/cli/main.ts', import.meta.url));

/** The first Node that is tested; in a checkout, the first that runs TypeScript without a warning. */
const OLDEST = isPublished ? [22, 17] : [24, 12];

/** @param {string} version */
export function isFit(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The Node that npm installs beside us, in a checkout or in an application that depends on it. */
export function findNode() {
  try {
    const path = createRequire(import.meta.url).resolve('node/bin/node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** The message where no Node fits. */
export function remedy() {
  return (
    `session-cleanup needs Node ${OLDEST.join('.')} or later; this is ${process.versions.node}. ` +
    waysToGetIt()
  );
}

function waysToGetIt() {
  const install = `install Node ${OLDEST[0]} (https://nodejs.org/en/download)`;
  if (isPublished) {
    return `Put such a Node first on the PATH: ${install}. Or add it to the project: npm install node@${OLDEST[0]}`;
  }
  // Its install script downloads the program, and does not run under --ignore-scripts.
  return existsSync(new URL('../node_modules/node/package.json', import.meta.url))
    ? `The one of this checkout was installed without its program. Run: npm rebuild node. Or ${install}.`
    : `Run "npm ci", which installs one in this checkout. Or ${install}.`;
}
