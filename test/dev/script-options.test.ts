import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

describe('a script with an option that it does not have', () => {
  it.for(['dev', 'replay', 'chaos', 'record-history'])(
    'ends with exit code 2 and no stack: %s',
    (name) => {
      const script = fileURLToPath(new URL(`../../scripts/${name}.ts`, import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--nope'], {
        encoding: 'utf8',
      });
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^error: unknown option '--nope'\n(\(Did you mean .*\)\n)?$/);
    },
  );
});
