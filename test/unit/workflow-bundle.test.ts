import { describe, expect, test } from 'vitest';

import { ACTIVITY_TYPE, WORKFLOW_TYPE } from '../../src/contract/names.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

describe('the bundle that workers run as the workflow', () => {
  test('holds the workflow, and the name of its activity', async () => {
    const { code } = await workflowBundle();
    expect(code).toContain(`function ${WORKFLOW_TYPE}(`);
    expect(code).toContain(ACTIVITY_TYPE);
  });

  test.for([
    'mikro-orm',
    'node_modules/pg/',
    'node_modules/pino/',
    'node_modules/zod/',
    '@temporalio/client/',
    '@temporalio/worker/lib',
    '@temporalio/activity/',
    'src/config/',
    'src/database/',
    'src/deletion/',
    'src/database/',
    'src/temporal/',
    'activities/',
    'delete from',
    'process.env',
  ])('holds nothing of %s', async (part) => {
    expect(codeOf((await workflowBundle()).code)).not.toContain(part);
  });
});

/** The code without its source map, which quotes comments as well. */
function codeOf(bundle: string): string {
  return bundle.replace(/\/\/# sourceMappingURL=.*/gs, '');
}
