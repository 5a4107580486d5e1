/** Django's own command `clearsessions`, from pip, in a folder of the benchmark's. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { Unavailable, type Contender } from '../contender.ts';

const run = promisify(execFile);

const PACKAGES = ['django==5.2.19', 'psycopg[binary]==3.3.9'];

/** Starts Django, says that it is ready, and calls the command when it is told to. */
const PROGRAM = `
import os, sys
from urllib.parse import urlparse
import django
from django.conf import settings
from django.core.management import call_command
url = urlparse(os.environ["DATABASE_URL"])
settings.configure(USE_TZ=True, INSTALLED_APPS=["django.contrib.sessions"], DATABASES={"default": {
  "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
  "PASSWORD": url.password or "", "HOST": url.hostname, "PORT": url.port}})
django.setup()
from django.db import connection
connection.ensure_connection()
print("ready", flush=True)
sys.stdin.readline()
call_command("clearsessions")
print("done", flush=True)
`;

/** Measured from the call of the command; Django has been started and connected before. */
export function clearsessions(dataDirectory: string): Contender {
  const folder = path.join(dataDirectory, 'django');
  return {
    name: 'Django clearsessions',
    async prepare({ url }) {
      await install(folder);
      const child = execFile('python3', ['-c', PROGRAM], {
        env: { PATH: process.env['PATH'], PYTHONPATH: folder, DATABASE_URL: url },
      });
      const { stdin, stdout } = child;
      // It may end by itself, long before anybody waits for that.
      const ended = once(child, 'exit');
      if (stdin === null || stdout === null) throw new Error('Python has no input or output.');
      const said = async (word: string): Promise<void> => {
        await new Promise<void>((resolve, reject) => {
          child.once('exit', (code) => {
            reject(new Error(`Django ended with exit code ${String(code)}.`));
          });
          stdout.on('data', (text: unknown) => {
            if (String(text).includes(word)) resolve();
          });
        });
      };
      await said('ready');
      return {
        run: async () => {
          stdin.write('\n');
          await said('done');
          return {};
        },
        [Symbol.asyncDispose]: async () => {
          child.kill();
          await ended;
        },
      };
    },
  };
}

async function install(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.${String(process.pid)}`;
  try {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', unfinished, ...PACKAGES]);
    await rename(unfinished, folder);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Unavailable(`pip could not install ${PACKAGES.join(' ')}`, { cause });
  }
}
