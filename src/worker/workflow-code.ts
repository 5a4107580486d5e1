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

/** True in a published package, whose program is in `dist/`. */
const isPublished = import.meta.url.endsWith('.js');

/** The checkout; meaningless in a published package. */
const checkout = new URL('../../', import.meta.url);

const dist = new URL(isPublished ? './' : 'dist/', isPublished ? import.meta.url : checkout);

/** The bundle and its stamp, written by `npm run bundle`. */
export const bundleFiles = {
  code: fileURLToPath(new URL('workflow-bundle.js', dist)),
  stamp: fileURLToPath(new URL('workflow-bundle.json', dist)),
} as const;

/** The workflow's entry file. */
export const workflowsPath = fileURLToPath(new URL('workflows/index.ts', checkout));

/**
 * The prebuilt bundle if it matches the SDK and the sources, since a worker then starts a second sooner;
 * otherwise the sources, which the SDK bundles at the start. A stale bundle would run an old workflow. A
 * published package contains no sources, and was built as a whole.
 */
export function workflowCode(): WorkflowCode {
  return isPublished || isBundleFresh()
    ? { workflowBundle: { codePath: bundleFiles.code } }
    : { workflowsPath };
}

/** The stamp of a bundle made from the current sources. */
export function currentStamp(): BundleStamp {
  return { sdk: sdkVersion(), sources: hashSources() };
}

function isBundleFresh(): boolean {
  if (!existsSync(bundleFiles.code)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(readFileSync(bundleFiles.stamp, 'utf8')), currentStamp());
  } catch {
    // Missing, incomplete or not a stamp: the sources are used.
    return false;
  }
}

function sdkVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('@temporalio/worker/package.json');
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

function hashSources(): string {
  const cwd = fileURLToPath(checkout);
  const hash = createHash('sha256');
  for (const file of globSync(['workflows/**/*.ts', 'src/contract/**/*.ts'], { cwd }).toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(new URL(file, checkout)))
      .update('\0');
  }
  return hash.digest('hex');
}
