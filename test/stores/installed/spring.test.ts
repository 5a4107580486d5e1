/** Presets at work on the tables whose definitions are in the jars of Spring. */
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll } from 'vitest';

import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installOnce, run, whyMissing } from '../../support/library-cache.ts';
import { openProgram } from '../../support/library-program.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';

const FILES = ['pom.xml', 'SpringStore.java'].map((name) =>
  fileURLToPath(new URL(`java/${name}`, import.meta.url)),
);

const missing = whyMissing('mvn') ?? whyMissing('javac');
let folder = '';

beforeAll(async () => {
  if (missing === undefined) folder = await installOnce('spring', FILES, compile);
}, INSTALL_MILLISECONDS);

async function compile(cwd: string): Promise<void> {
  for (const file of FILES) await copyFile(file, path.join(cwd, path.basename(file)));
  const copyJars = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  await run('mvn', ['-q', '-B', copyJars, '-DoutputDirectory=lib'], { cwd });
  await run('javac', ['-cp', 'lib/*', '-d', 'classes', 'SpringStore.java'], { cwd });
}

test.for(['spring-session', 'spring-authorization-server'])(
  'the preset %s deletes exactly what has expired',
  async (preset, { emptyDatabase: database, skip }) => {
    if (missing !== undefined) return skip(missing);
    const { host, pathname, username } = new URL(database.url);
    await expectExactCleanUp(database, {
      preset,
      open: () =>
        openProgram('java', ['-cp', `${folder}/lib/*:${folder}/classes`, 'SpringStore', preset], {
          JDBC_URL: `jdbc:postgresql://${host}${pathname}?user=${username}`,
        }),
    });
  },
);
