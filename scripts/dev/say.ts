/** Lines for the person at the terminal. */

/** Writes one line. */
export type Say = (message: string) => void;

/** Says it when a service listens elsewhere than usual. */
export function sayPort(name: string, preferred: number, chosen: number, say: Say): void {
  if (chosen !== preferred) {
    say(`Port ${String(preferred)} is taken: ${name} gets ${String(chosen)} instead.`);
  }
}
