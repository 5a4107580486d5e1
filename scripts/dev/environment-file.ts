/** The variables of a running development environment, for other terminals. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Only what says where the servers are; the rest is the user's own environment. */
const NAMES = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_CONFIG_FILE'];

/** Writes a file that a shell can read with `.`; only its owner may, since it holds the password. */
export function writeEnvironmentFile(dataDirectory: string, env: NodeJS.ProcessEnv): string {
  const file = path.join(dataDirectory, 'environment');
  const lines = NAMES.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [`export ${name}='${value.replaceAll("'", `'\\''`)}'`];
  });
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}
