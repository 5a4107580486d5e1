import { randomBytes } from 'node:crypto';
import { lstat, rename, rm, writeFile } from 'node:fs/promises';

import { CommandFailure, InputError } from '../errors.ts';

/** @throws InputError if there is something at the path */
export async function requireNoFile(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) throw exists(path);
}

/**
 * Writes a file as a whole or not at all.
 *
 * @param overwrite - False: a file that exists, even one that was created just now, stays as it is.
 * @throws InputError if it exists
 * @throws CommandFailure if it cannot be written
 */
export async function writeNewFile(
  path: string,
  text: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  const written = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(written, text, { flag: 'wx' });
    // Takes the name first, which fails if another file has it.
    if (!overwrite) await writeFile(path, '', { flag: 'wx' });
    await rename(written, path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EEXIST' && !overwrite) throw exists(path);
    throw new CommandFailure(
      `${path}: cannot be written (${code}). Correct the path, or print the file with --print.`,
      { cause: error },
    );
  } finally {
    await rm(written, { force: true });
  }
}

function exists(path: string): InputError {
  return new InputError(
    `${path}: exists already. Name another file by --output, overwrite it with --force, or print with --print.`,
  );
}
