/** Ports for people, who expect a service where it usually is. */
import { choosePort } from '../services/ports.ts';
import type { Say } from './say.ts';

/** Finds a port for a service, and says it when that is another one than usual. */
export async function choosePortAloud(
  service: string,
  preferred: number,
  avoid: readonly number[],
  say: Say,
): Promise<number> {
  const port = await choosePort(preferred, avoid);
  if (port !== preferred) {
    say(`Port ${String(preferred)} is taken: ${service} gets ${String(port)} instead.`);
  }
  return port;
}
