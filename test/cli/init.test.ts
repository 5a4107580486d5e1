import { readdirSync, readFileSync, rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { describe, expect } from 'vitest';

import { ConfigError } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { check } from '../support/check.ts';
import { test as base } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { DDL } from '../stores/ddl.ts';
import { runCommand, runJson, type CommandEnd } from './command-process.ts';

/** A database and the file that is written for it. */
interface Shop {
  readonly database: TestDatabase;
  readonly file: string;
  /** Names of the files beside it and of it. */
  readonly files: () => readonly string[];
  readonly init: (...args: readonly string[]) => Promise<CommandEnd>;
}

const test = base.extend('shop', async ({ database }, { onCleanup }): Promise<Shop> => {
  await database.sql('drop table sessions');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'session-cleanup-init-'));
  onCleanup(() => {
    rmSync(folder, { recursive: true });
  });
  const file = path.join(folder, 'session-cleanup.yaml');
  return {
    database,
    file,
    files: () => readdirSync(folder),
    init: async (...args) =>
      await runCommand(['init', '--output', file, ...args], { DATABASE_URL: database.url }),
  };
});

function load({ database, file }: Shop) {
  return loadConfig({ DATABASE_URL: database.url, SESSION_CLEANUP_CONFIG: file });
}

async function errorsOf({ database }: Shop, config: ReturnType<typeof load>) {
  const findings = await check(database, config.targets);
  return findings.filter(({ level }) => level === 'error');
}

describe('init writes a file', () => {
  test('that the loader reads, and in which check finds no error', async ({ shop }) => {
    const { database, file, init } = shop;
    await database.sql(DDL.django);
    await database.sql(DDL.springSession);
    await database.sql(DDL.supabase);
    await database.sql('create schema "My ""App"".1"');
    await database.sql(
      `create table "My ""App"".1".sessions (token text, data bytea, expiry timestamptz)`,
    );
    await database.sql('create schema shop; create table shop.session_log (at timestamptz)');
    await database.sql(
      `create table shop.sessions (sid text primary key, sess json, expired timestamptz)`,
    );
    const { exitCode, stdout } = await init();
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Written: ${file}`);
    const config = load(shop);
    expect(config.targets.map(({ name, schema, table }) => [name, schema, table])).toEqual(
      expect.arrayContaining([
        ['django-sessions', undefined, 'django_session'],
        ['spring-session', undefined, 'spring_session'],
        ['supabase-sessions', 'auth', 'sessions'],
        ['connect-session-knex', 'shop', 'sessions'],
      ]),
    );
    expect(await errorsOf(shop, config)).toEqual([]);
    // A dot in a name is not supported, but it is written as the loader reads it.
    expect(readFileSync(file, 'utf8')).toContain(`#table: '"My ""App"".1".sessions'`);
  });

  test('whose open points, once settled, give valid targets', async ({ shop }) => {
    const { database, file, init } = shop;
    await database.sql(`alter database ${database.name} set timezone = 'America/New_York'`);
    await database.sql(DDL.connectPgSimple);
    await database.sql('create table refresh_tokens (id int, expires_at bigint)');
    await database.sql('create table app_sessions (id int, last_seen_at timestamptz)');
    expect(await init()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('No target is on'),
    });
    const off = readFileSync(file, 'utf8');
    expect(off).toContain('America/New_York');

    const on = off.replaceAll(/^( *)#(?! |$)/gm, '$1');
    writeFileSync(file, on);
    expect(() => load(shop)).toThrow(ConfigError);

    writeFileSync(
      file,
      on
        .replace(/timeZone:.*/, 'timeZone: America/New_York')
        .replace(/type:.*/, 'type: epoch-seconds')
        .replace(/lifetime:.*/, 'lifetime: 30d'),
    );
    const config = load(shop);
    expect(config.targets.map(({ name }) => name).toSorted()).toEqual([
      'app_sessions',
      'connect-pg-simple',
      'refresh_tokens',
    ]);
    expect(await errorsOf(shop, config)).toEqual([]);
  });

  test('as a whole, and over another one only with --force', async ({ shop }) => {
    const { database, file, files, init } = shop;
    await database.sql(DDL.django);
    writeFileSync(file, 'mine');
    expect(await init()).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('--force'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');

    const printed = await init('--print');
    expect(printed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe('mine');

    expect(await init('--force')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(file, 'utf8')).toBe(printed.stdout);
    expect(files()).toEqual(['session-cleanup.yaml']);
  });
});

describe('init writes no file', () => {
  test('with --print, and reports what it found with --json', async ({ shop }) => {
    const { database, file, files } = shop;
    await database.sql(DDL.django);
    const args = ['init', '--output', file, '--print'];
    expect(await runJson(args, { DATABASE_URL: database.url })).toEqual({
      exitCode: 0,
      result: {
        file: null,
        targets: [
          expect.objectContaining({ target: 'django-sessions', isOn: true, rows: 0, oldest: null }),
        ],
        excluded: [],
      },
    });
    expect(files()).toEqual([]);
  });

  test('where no table looks like sessions', async ({ shop: { files, init } }) => {
    expect(await init()).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('DATABASE_URL'),
    });
    expect(files()).toEqual([]);
  });

  test('where the database is out of reach', async ({ shop: { file, files } }) => {
    const end = await runCommand(['init', '--output', file], {
      DATABASE_URL: 'postgres://app@127.0.0.1:1/shop',
    });
    expect(end).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^PostgreSQL: /) });
    expect(files()).toEqual([]);
  });

  test('where the folder does not exist', async ({ shop: { database, file } }) => {
    await database.sql(DDL.django);
    const output = path.join(path.dirname(file), 'nowhere', 'file.yaml');
    const end = await runCommand(['init', '--output', output], { DATABASE_URL: database.url });
    expect(end).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('ENOENT') });
  });
});
