/** Signals by which people and process managers ask a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export type InterruptSignal = (typeof SIGNALS)[number];

/**
 * Calls back for every Ctrl-C and SIGTERM, instead of the process ending at once.
 *
 * @returns what ends this, by `using`
 */
export function onInterrupt(callback: (signal: InterruptSignal) => void): Disposable {
  for (const signal of SIGNALS) process.on(signal, callback);
  return {
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, callback);
    },
  };
}
