import { describe, expect, it } from 'vitest';

import { explainConfig } from '../../src/config/effective-config.ts';
import { loadConfigWithoutDatabase } from '../../src/config/load-config.ts';
import { problemsOf } from '../support/config-problems.ts';

const DEPLOYMENT = 'SESSION_CLEANUP_DEPLOYMENT';
const BUILD_ID = 'SESSION_CLEANUP_BUILD_ID';

/** What Temporal's Worker Controller sets. */
const CONTROLLER: readonly [string, string] = [
  'TEMPORAL_DEPLOYMENT_NAME',
  'TEMPORAL_WORKER_BUILD_ID',
];

describe('the version of a worker', () => {
  it('is none unless it is configured', () => {
    expect(loadConfigWithoutDatabase({}).versioning).toBeUndefined();
    expect(loadConfigWithoutDatabase({ [DEPLOYMENT]: '', [BUILD_ID]: '' }).versioning).toBe(
      undefined,
    );
  });

  it.each(['1.4.0', '2026-11-24_07.15', 'c0ffee', '1.0.0-rc.1+build.7', 'x'.repeat(200)])(
    'may be %s',
    (buildId) => {
      expect(
        loadConfigWithoutDatabase({ [DEPLOYMENT]: 'session-cleanup', [BUILD_ID]: buildId }),
      ).toMatchObject({ versioning: { deploymentName: 'session-cleanup', buildId } });
    },
  );

  it('is the one that the Worker Controller sets, unless one of ours is set', () => {
    const given = { [CONTROLLER[0]]: 'sessions/cleanup', [CONTROLLER[1]]: 'v7' };
    expect(loadConfigWithoutDatabase(given)).toMatchObject({
      versioning: { deploymentName: 'sessions/cleanup', buildId: 'v7' },
    });
    expect(explainConfig(given).settings).toEqual(
      expect.arrayContaining([
        { key: DEPLOYMENT, value: 'sessions/cleanup', from: CONTROLLER[0] },
        { key: BUILD_ID, value: 'v7', from: CONTROLLER[1] },
      ]),
    );
    const own = { [DEPLOYMENT]: 'ours', [BUILD_ID]: 'v1' };
    expect(loadConfigWithoutDatabase({ ...given, ...own })).toMatchObject({
      versioning: { deploymentName: 'ours', buildId: 'v1' },
    });
    // One of each would be a version that nobody has deployed.
    expect(problemsOf(() => loadConfigWithoutDatabase({ ...given, [BUILD_ID]: 'v1' }))).toEqual([
      expect.stringMatching(`^${DEPLOYMENT}: not set`),
    ]);
  });

  it.each([
    [DEPLOYMENT, BUILD_ID],
    [BUILD_ID, DEPLOYMENT],
    [CONTROLLER[0], CONTROLLER[1]],
    [CONTROLLER[1], CONTROLLER[0]],
  ])('is refused when only %s is set', (given, missing) => {
    expect(problemsOf(() => loadConfigWithoutDatabase({ [given]: 'one' }))).toEqual([
      `${missing}: not set, but ${given} is. Set both for workers with a version, or neither.`,
    ]);
  });

  it.each([
    [DEPLOYMENT, 'session.cleanup'],
    [DEPLOYMENT, 'session:cleanup'],
    [DEPLOYMENT, 'session cleanup'],
    [DEPLOYMENT, '__system'],
    [CONTROLLER[0], 'session.cleanup'],
    [CONTROLLER[1], 'sha256:abc'],
    [BUILD_ID, 'sha256:abc'],
    [BUILD_ID, '__unversioned__'],
    [BUILD_ID, 'x'.repeat(201)],
  ])('is refused when %s is %s', (name, value) => {
    const [deployment, buildId] = CONTROLLER.includes(name) ? CONTROLLER : [DEPLOYMENT, BUILD_ID];
    const both = { [deployment]: 'fine', [buildId]: 'fine', [name]: value };
    expect(problemsOf(() => loadConfigWithoutDatabase(both))).toEqual([
      expect.stringMatching(`^${name}: ".*Allowed: 1 to 200 `),
    ]);
  });
});
