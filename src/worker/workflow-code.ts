import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

/** Source of the workflow's code, as options of a worker. */
export type WorkflowCode =
  { readonly workflowBundle: { readonly codePath: string } } | { readonly workflowsPath: string };

/** The sources of a bundle; written to a file beside it. */
export interface BundleStamp {
  /** Version of the SDK; a bundle contains SDK code that fits no other version. */
  readonly sdk: string;
  /** SHA-256 of the sources of workflow and contract. */
  readonly sources: string;
}

/** The published program is one file in `dist/`, the published library keeps the folders of the sources. */
const isPublished = import.meta.url.endsWith('.js');
const isLibrary = import.meta.url.endsWith('/src/worker/workflow-code.js');

/** The checkout, or the library; meaningless in the published program. */
const root = new URL('../../', import.meta.url);

const dist = isLibrary
  ? new URL('../', root)
  : new URL(isPublished ? './' : 'dist/', isPublished ? import.meta.url : root);

/** The bundle and its stamp, written by `npm run bundle`. */
export const bundleFiles = {
  code: fileURLToPath(new URL('workflow-bundle.js', dist)),
  stamp: fileURLToPath(new URL('workflow-bundle.json', dist)),
} as const;

/** The workflow's entry file. */
export const workflowsPath = fileURLToPath(
  new URL(isLibrary ? 'workflows/index.js' : 'workflows/index.ts', root),
);

/**
 * The prebuilt bundle if it matches the SDK and the sources, since a worker then starts a second sooner;
 * otherwise the sources, which the SDK bundles at the start. A stale bundle would run an old workflow. The published
 * program was built as a whole; the library meets whatever SDK the application has.
 */
export function workflowCode(): WorkflowCode {
  const isUsable = isLibrary ? readStamp()?.sdk === sdkVersion() : isPublished || isBundleFresh();
  return isUsable ? { workflowBundle: { codePath: bundleFiles.code } } : { workflowsPath };
}

/** The stamp of a bundle made from the current sources. */
export function currentStamp(): BundleStamp {
  return { sdk: sdkVersion(), sources: hashSources() };
}

function isBundleFresh(): boolean {
  return existsSync(bundleFiles.code) && isDeepStrictEqual(readStamp(), currentStamp());
}

/** Undefined when it is missing, incomplete or not a stamp: the sources are used. */
function readStamp(): Partial<BundleStamp> | undefined {
  try {
    const stamp: unknown = JSON.parse(readFileSync(bundleFiles.stamp, 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : undefined;
  } catch {
    return undefined;
  }
}

function sdkVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@temporalio/worker/package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

function hashSources(): string {
  const cwd = fileURLToPath(root);
  const hash = createHash('sha256');
  for (const file of globSync(['workflows/**/*.ts', 'src/contract/**/*.ts'], { cwd }).toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(new URL(file, root)))
      .update('\0');
  }
  return hash.digest('hex');
}
