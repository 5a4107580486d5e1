/** The licences of what a bundle holds: each asks to be handed on with the code. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const IN_PACKAGE = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Of all packages that the files lie in, in order. */
export async function thirdPartyNotices(files: readonly string[]): Promise<string> {
  const folders = new Set(files.flatMap((file) => IN_PACKAGE.exec(file)?.groups?.['folder'] ?? []));
  const notices = await Promise.all([...folders].toSorted().map(noticeOf));
  return notices.join(`\n${'-'.repeat(80)}\n\n`);
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = await readManifest(folder);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = await Promise.all(
    files.map(async (file) => await readFile(path.join(folder, file), 'utf8')),
  );
  return [`${name} ${version}, ${license}\n`, ...texts].join('\n');
}

async function readManifest(
  folder: string,
): Promise<Record<'name' | 'version' | 'license', string>> {
  const manifest: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const told = typeof manifest === 'object' && manifest !== null ? { ...manifest } : {};
  const text = (key: string): string => {
    const value: unknown = Reflect.get(told, key);
    return typeof value === 'string' ? value : '(not told)';
  };
  return { name: text('name'), version: text('version'), license: text('license') };
}
