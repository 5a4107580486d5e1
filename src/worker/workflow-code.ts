import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where a worker takes the workflow's code from; spread it into the worker's options. */
export type WorkflowCode =
  { readonly workflowBundle: { readonly codePath: string } } | { readonly workflowsPath: string };

/** What a bundle was made of, written beside it. */
export interface BundleStamp {
  /** Version of the SDK; a bundle holds the SDK's own workflow code and fits no other worker. */
  readonly sdk: string;
  /** SHA-256 of the workflow's sources. */
  readonly sources: string;
}

/** True when this is part of the program in a published package, all of which lies in `dist/`. */
const isPublished = import.meta.url.endsWith('.js');

/** The checkout; means nothing in a published package. */
const checkout = new URL('../../', import.meta.url);

const dist = new URL(isPublished ? './' : 'dist/', isPublished ? import.meta.url : checkout);

/** Where `npm run bundle` puts the bundle and its stamp. */
export const bundleFiles = {
  code: fileURLToPath(new URL('workflow-bundle.js', dist)),
  stamp: fileURLToPath(new URL('workflow-bundle.json', dist)),
} as const;

/** The workflow's entry file. */
export const workflowsPath = fileURLToPath(new URL('workflows/index.ts', checkout));

/**
 * The prebuilt bundle where it fits this SDK and these sources, since it starts a worker a second
 * sooner; otherwise the sources, which the SDK bundles at start. A stale bundle is never used: it
 * would run yesterday's workflow. A published package holds no sources, and was built as a whole.
 */
export function workflowCode(): WorkflowCode {
  return isPublished || isBundleFresh()
    ? { workflowBundle: { codePath: bundleFiles.code } }
    : { workflowsPath };
}

/** The stamp that a bundle made now would get. */
export function currentStamp(): BundleStamp {
  return { sdk: sdkVersion(), sources: hashSources() };
}

function isBundleFresh(): boolean {
  if (!existsSync(bundleFiles.code) || !existsSync(bundleFiles.stamp)) return false;
  const stamp = readStamp();
  return stamp?.sdk === sdkVersion() && stamp.sources === hashSources();
}

function readStamp(): Partial<BundleStamp> | undefined {
  try {
    const stamp: unknown = JSON.parse(readFileSync(bundleFiles.stamp, 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : undefined;
  } catch {
    // Half written, or not ours: the sources serve as well.
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
