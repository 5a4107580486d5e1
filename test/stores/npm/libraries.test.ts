/** Presets at work on the tables that the libraries create which `npm ci` installs. */
import { describe } from 'vitest';

import { LIBRARIES } from '../../../scripts/dev/stores/libraries.ts';
import { test } from '../../support/fixtures.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';

describe.each(LIBRARIES.map((library) => [library.preset, library] as const))(
  'the preset %s',
  (preset, library) => {
    test('deletes exactly the expired sessions of its library', async ({
      emptyDatabase: database,
    }) => {
      await expectExactCleanUp(database, {
        preset,
        open: () => library.open(database.url),
        writesLocalTime: preset === 'connect-pg-simple',
      });
    });
  },
);
