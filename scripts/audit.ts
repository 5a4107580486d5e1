/**
 * `npm run audit`: asks npm for known vulnerabilities in what a production install contains, and fails
 * on any. A registry that does not answer the question (a mirror, no network) is reported, and fails the
 * audit in GitHub Actions only, where npm's own registry answers.
 */
import { spawnSync } from 'node:child_process';

interface AuditReport {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  /** Why there is no report, from the registry. */
  readonly message?: string;
  /** The same, from npm itself. */
  readonly error?: { readonly summary?: string };
}

// Offline, npm would report no vulnerabilities.
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--offline=false', '--json'], {
  encoding: 'utf8',
});
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

function readReport(text: string): AuditReport | undefined {
  try {
    const report: AuditReport = JSON.parse(text);
    return report;
  } catch {
    return undefined;
  }
}
