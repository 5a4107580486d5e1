/**
 * `npm run audit`: asks npm for known vulnerabilities in what a production install contains, and fails
 * on any. A registry that does not answer the question (a mirror, no network) is reported, and fails the
 * audit in GitHub Actions only, where npm's own registry answers.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface AuditReport {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  /** Why there is no report, from the registry. */
  readonly message?: string;
  /** The same, from npm itself. */
  readonly error?: { readonly summary?: string };
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Packages that are installed for development only, since the published program contains them. */
const CONTAINED = /^(?:@temporalio\/(?!testing$)|commander$|pino$|protobufjs$)/;

const folder = prepareFolder();
// Offline, npm would report no vulnerabilities.
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--offline=false', '--json'], {
  cwd: folder,
  encoding: 'utf8',
});
rmSync(folder, { recursive: true });
const report = readReport(stdout);
const total = report?.metadata?.vulnerabilities['total'];
if (total === undefined) {
  const reason = report?.message ?? report?.error?.summary ?? stderr.trim();
  console.log(`NO AUDIT WAS MADE. The registry did not answer: ${reason}`);
  process.exitCode = process.env['GITHUB_ACTIONS'] === 'true' ? 1 : 0;
} else {
  console.log(`${total} known vulnerabilities in the production dependencies.`);
  if (total > 0) {
    console.log(stdout);
    process.exitCode = 1;
  }
}

/** A folder with our lock file, in which what the program contains is a dependency for production. */
function prepareFolder(): string {
  const checkout = fileURLToPath(new URL('..', import.meta.url));
  const made = mkdtempSync(path.join(os.tmpdir(), 'session-cleanup-audit-'));
  const manifest: Manifest = JSON.parse(readFileSync(path.join(checkout, 'package.json'), 'utf8'));
  const [contained, others] = [true, false].map((isContained) =>
    Object.fromEntries(
      Object.entries(manifest.devDependencies).filter(
        ([name]) => CONTAINED.test(name) === isContained,
      ),
    ),
  );
  const { version } = manifest;
  const dependencies = { ...manifest.dependencies, ...contained };
  writeFileSync(
    path.join(made, 'package.json'),
    JSON.stringify({ name: 'session-cleanup', version, dependencies, devDependencies: others }),
  );
  copyFileSync(path.join(checkout, 'package-lock.json'), path.join(made, 'package-lock.json'));
  // Marks in the lock file what is for development only. All that it names is known, so nothing is fetched.
  spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--offline'], {
    cwd: made,
  });
  return made;
}

function readReport(text: string): AuditReport | undefined {
  try {
    const report: AuditReport = JSON.parse(text);
    return report;
  } catch {
    return undefined;
  }
}
