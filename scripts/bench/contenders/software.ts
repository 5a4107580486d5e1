/** Other software, as it deletes expired sessions itself. */
import { execFile, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import pg from 'pg';

import { createOrm } from '../../../src/database/orm.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { SessionSchema } from '../../../src/database/entities/session.ts';
import { Unavailable, type Contender } from '../contender.ts';

const PAGE = 1_000;

/** What an application on MikroORM does without further thought: find a page, remove it, flush. */
export const mikroOrmPages: Contender = {
  name: 'MikroORM find, remove, flush',
  run: async ({ url, deadline }, timed) => {
    const { database, targets } = loadConfig({ DATABASE_URL: url });
    await using orm = createOrm(database, targets);
    await orm.em.fork().execute('select');
    await timed(async () => {
      for (let deleted = 0; ;) {
        const em = orm.em.fork();
        const page = await em.find(
          SessionSchema,
          { expiresAt: { $lte: new Date(deadline) } },
          { orderBy: { expiresAt: 'asc' }, limit: PAGE },
        );
        if (page.length === 0) return { deleted };
        for (const session of page) em.remove(session);
        await em.flush();
        deleted += page.length;
      }
    });
  },
};

/** The package `connect-pg-simple`, which has no types of its own. */
type Connect = (session: { readonly Store: unknown }) => new (options: object) => {
  pruneSessions(done: (error?: Error | null) => void): void;
};

const connect: Connect = createRequire(import.meta.url)('connect-pg-simple');
// All that it needs of express-session is a class to extend.
const PgStore = connect({ Store: EventEmitter });

/** The store of most Express applications. Its deadline is this process's clock, and it reports no count. */
export const connectPgSimple: Contender = {
  name: 'connect-pg-simple',
  run: async ({ url }, timed) => {
    await using stack = new AsyncDisposableStack();
    const pool = stack.adopt(new pg.Pool({ connectionString: url }), (pool) => pool.end());
    await pool.query('select');
    const store = new PgStore({ pool, pruneSessionInterval: false });
    await timed(async () => {
      await promisify(store.pruneSessions.bind(store))();
      return {};
    });
  },
};

const DJANGO = ['django==5.2.19', 'psycopg[binary]==3.3.9'];

/** Connects, reports that it is ready, and calls the command when a line arrives. */
const DJANGO_PROGRAM = `
import os, sys
from urllib.parse import urlparse
import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
url = urlparse(os.environ["DATABASE_URL"])
settings.configure(USE_TZ=True, INSTALLED_APPS=["django.contrib.sessions"], DATABASES={"default": {
  "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
  "PASSWORD": url.password or "", "HOST": url.hostname, "PORT": url.port}})
django.setup()
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
call_command("clearsessions")
print("done", flush=True)
`;

/** Django's own command, installed by pip. It alone is timed: Django is running and connected before. */
export const clearsessions: Contender = {
  name: 'Django clearsessions',
  run: async ({ url, servers }, timed) => {
    const folder = path.join(servers.dataDirectory, 'django');
    await install(folder);
    const child = spawn('python3', ['-c', DJANGO_PROGRAM], {
      env: { PATH: process.env['PATH'], PYTHONPATH: folder, DATABASE_URL: url },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const waitForLine = async (): Promise<void> => {
      if ((await lines.next()).done === true) throw new Error('Django ended by itself.');
    };
    try {
      await waitForLine();
      await timed(async () => {
        child.stdin.write('\n');
        await waitForLine();
        return {};
      });
    } finally {
      child.kill();
    }
  },
};

async function install(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.${String(process.pid)}`;
  const pip = ['-m', 'pip', 'install', '--quiet', '--target', unfinished, ...DJANGO];
  try {
    await promisify(execFile)('python3', pip);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Unavailable(`pip could not install ${DJANGO.join(' ')}`, { cause });
  }
}
