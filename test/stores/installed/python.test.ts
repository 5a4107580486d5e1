/** Presets at work on the tables that libraries of PyPI create. */
import { fileURLToPath } from 'node:url';

import { beforeAll, describe } from 'vitest';

import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installPython, whyMissing } from '../../support/library-cache.ts';
import { openProgram } from '../../support/library-program.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';

const missing = whyMissing('python3');

/** Synapse alone is larger than all the others. */
const PACKAGES = {
  django: [
    'django==5.2.19',
    'django-oauth-toolkit==3.4.1',
    'django-rest-knox==5.1.0',
    'djangorestframework==3.18.3',
    'djangorestframework-simplejwt==5.5.1',
    'psycopg[binary]==3.3.9',
  ],
  flask: ['flask-session==0.8.0', 'flask-sqlalchemy==3.1.1', 'psycopg[binary]==3.3.9'],
  synapse: ['matrix-synapse==1.163.0', 'psycopg2-binary==2.9.13'],
};

interface Store {
  readonly preset: string;
  readonly packages: keyof typeof PACKAGES;
  /** The program in the folder `python`, and its arguments. */
  readonly program: readonly string[];
  readonly rowsPerSession?: number;
}

const OAUTH = 'django_oauth_toolkit.py';
const SYNAPSE = 'synapse_tokens.py';

const STORES: readonly Store[] = [
  { preset: 'django-sessions', packages: 'django', program: ['django_sessions.py'] },
  { preset: 'django-rest-knox', packages: 'django', program: ['django_rest_knox.py'] },
  { preset: 'simplejwt', packages: 'django', program: ['simplejwt.py'], rowsPerSession: 2 },
  { preset: 'django-oauth-toolkit-grants', packages: 'django', program: [OAUTH, 'grants'] },
  {
    preset: 'django-oauth-toolkit-refresh-tokens',
    packages: 'django',
    program: [OAUTH, 'refresh-tokens'],
  },
  {
    preset: 'django-oauth-toolkit-access-tokens',
    packages: 'django',
    program: [OAUTH, 'access-tokens'],
  },
  { preset: 'django-oauth-toolkit-id-tokens', packages: 'django', program: [OAUTH, 'id-tokens'] },
  { preset: 'flask-session', packages: 'flask', program: ['flask_sessions.py'] },
  { preset: 'synapse-access-tokens', packages: 'synapse', program: [SYNAPSE, 'access-tokens'] },
  {
    preset: 'synapse-idle-refresh-tokens',
    packages: 'synapse',
    program: [SYNAPSE, 'refresh-tokens'],
  },
  {
    preset: 'synapse-old-refresh-tokens',
    packages: 'synapse',
    program: [SYNAPSE, 'refresh-tokens'],
  },
];

describe.each(Object.entries(PACKAGES))('libraries with %s', (name, packages) => {
  let folder = '';

  beforeAll(async () => {
    if (missing === undefined) folder = await installPython(name, packages);
  }, INSTALL_MILLISECONDS);

  test.for(
    STORES.filter((store) => store.packages === name).map(
      (store) => [store.preset, store] as const,
    ),
  )(
    'the preset %s deletes exactly what has expired',
    async (
      [
        preset,
        {
          program: [file = '', ...args],
          rowsPerSession = 1,
        },
      ],
      { emptyDatabase: database, skip },
    ) => {
      if (missing !== undefined) return skip(missing);
      await expectExactCleanUp(database, {
        preset,
        rowsPerSession,
        open: () =>
          openProgram(
            'python3',
            [fileURLToPath(new URL(`python/${file}`, import.meta.url)), ...args],
            {
              DATABASE_URL: database.url,
              PYTHONPATH: folder,
              PYTHONDONTWRITEBYTECODE: '1',
            },
          ),
      });
    },
  );
});
