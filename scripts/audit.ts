/**
 * Asks npm for known vulnerabilities in what a production install brings, and fails on any. A
 * registry that does not answer that question (a mirror, no network) is said, and is no failure.
 */
import { spawnSync } from 'node:child_process';

interface AuditReport {
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
}

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
});
const total = readReport(stdout)?.metadata?.vulnerabilities['total'];
if (total === undefined) {
  const reason = stderr.split('\n').find((line) => line.includes('audit')) ?? 'no answer';
  console.log(`No audit was made: ${reason.trim()}`);
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
