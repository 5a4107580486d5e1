/**
 * Asks npm for known vulnerabilities in what a production install brings, and fails on any.
 *
 * A registry that does not answer that question (a mirror, no network) is said aloud. It fails the
 * audit only in GitHub Actions, where the registry is npm's own and does answer: a check that passed
 * there without looking would be worth nothing.
 */
import { spawnSync } from 'node:child_process';

interface AuditReport {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  /** Why there is no report, from the registry. */
  readonly message?: string;
  /** The same, from npm itself. */
  readonly error?: { readonly summary?: string };
}

// Without the network npm would count no vulnerabilities, and call that a report.
const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--offline=false', '--json'], {
  encoding: 'utf8',
});
const report = readReport(stdout);
const total = report?.metadata?.vulnerabilities['total'];
if (total === undefined) {
  const reason = report?.message ?? report?.error?.summary ?? stderr.trim();
  const mustAnswer = process.env['GITHUB_ACTIONS'] === 'true';
  console.log(`NO AUDIT WAS MADE. Nobody has looked for vulnerabilities: ${reason}`);
  process.exitCode = mustAnswer ? 1 : 0;
} else {
  console.log(`${total} known vulnerabilities in what is installed for production.`);
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
