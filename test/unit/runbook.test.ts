import { expect, test } from 'vitest';

import { PROGRESS_QUERY, SCHEDULE_ID, UPDATE, WORKFLOW_TYPE } from '../../src/contract/names.ts';
import { staticDetails } from '../../src/runs/runbook.ts';

const DETAILS = staticDetails(SCHEDULE_ID);

test.for([...Object.values(UPDATE), PROGRESS_QUERY, SCHEDULE_ID, WORKFLOW_TYPE])(
  'the runbook names %s',
  (name) => {
    expect(DETAILS).toContain(`\`${name}\``);
  },
);

test('each row of its table has two cells', () => {
  const rows = DETAILS.split('\n').filter((line) => line.startsWith('|'));
  expect(rows.length).toBeGreaterThan(7);
  expect(rows.filter((row) => row.split('|').length !== 4)).toEqual([]);
});
