/** Clocks that are wrong, by libfaketime (Debian's package `faketime`). */
import { globSync } from 'node:fs';

/** Where Debian and its like put the library, for programs with threads. */
const LIBRARY = '/usr/lib/*/faketime/libfaketimeMT.so.1';

/** Why clocks can't be wrong here; undefined when they can. */
export function whyNoFakeTime(): string | undefined {
  return globSync(LIBRARY).length > 0
    ? undefined
    : 'libfaketime is not installed: "apt-get install faketime"';
}

/**
 * Variables for a process whose clock is off by so much, such as `+1h`. Timers still measure true time.
 */
export function fakeTime(offset: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: globSync(LIBRARY)[0] ?? '',
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // Without its shared memory, which would be left behind.
    FAKETIME_DISABLE_SHM: '1',
  };
}
