/** Processes that start a server and are killed without stopping it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that has started a server and waits. */
export interface StartedRun extends AsyncDisposable {
  readonly serverPid: number;
  /** Kills the process by SIGKILL, not its server. */
  kill(): Promise<void>;
}

const SERVICES = fileURLToPath(new URL('../../scripts/services/', import.meta.url));

/**
 * Starts a server from a process of its own.
 * @param script - JavaScript that puts the server's pid into `pid`; `services` is the folder of modules.
 */
export async function startInOwnProcess(script: string): Promise<StartedRun> {
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `const services = ${JSON.stringify(SERVICES)}; let pid; ${script};
       process.stdout.write(String(pid) + '\\n'); setInterval(() => undefined, 1_000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.includes('\n')) break;
  }
  const serverPid = Number.parseInt(output, 10);
  if (Number.isNaN(serverPid)) throw new Error(`The process started no server: ${output}`);
  return { serverPid, kill, [Symbol.asyncDispose]: kill };
}
