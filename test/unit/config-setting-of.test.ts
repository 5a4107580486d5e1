import { expect, test } from 'vitest';

import { assignment, settingOf, type TargetKey } from '../../src/config/setting-of.ts';

const OF_ENVIRONMENT = { name: 'sessions', file: undefined };
const OF_FILE = { name: 'web', file: 'etc/c.yaml' };

test.for<[key: TargetKey, variable: string]>([
  ['preset', 'SESSION_CLEANUP_PRESET'],
  ['table', 'SESSION_CLEANUP_TABLE'],
  ['expires.column', 'SESSION_CLEANUP_EXPIRES_COLUMN'],
  ['expires.type', 'SESSION_CLEANUP_EXPIRES_TYPE'],
  ['expires.lifetime', 'SESSION_CLEANUP_LIFETIME'],
  ['timeZone', 'SESSION_CLEANUP_TIME_ZONE'],
  ['cascade', 'SESSION_CLEANUP_CASCADE'],
  ['grace', 'SESSION_CLEANUP_GRACE'],
  ['approval', 'SESSION_CLEANUP_APPROVAL'],
])('%s is set by %s, or in the file that describes the target', ([key, variable]) => {
  expect(settingOf(OF_ENVIRONMENT, key)).toBe(variable);
  expect(assignment(OF_ENVIRONMENT, key, 'x')).toBe(`${variable}=x`);
  expect(settingOf(OF_FILE, key)).toBe(`targets.web.${key} in etc/c.yaml`);
  expect(assignment(OF_FILE, key, 'x')).toBe(`targets.web.${key}: x in etc/c.yaml`);
});

test('a key without a variable needs a file', () => {
  expect(settingOf(OF_ENVIRONMENT, 'unlessReferenced')).toBe(
    'targets.sessions.unlessReferenced in session-cleanup.yaml',
  );
});
