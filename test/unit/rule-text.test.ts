import { expect, it } from 'vitest';

import { ruleText } from '../../src/config/rule-text.ts';
import type { TargetEntry } from '../../src/config/target-entry.ts';

it.each<[rule: TargetEntry, text: string]>([
  [{ expires: { column: 'expiry' } }, 'at expiry'],
  [{ expires: { column: 'expiry', never: [0, -1] } }, 'at expiry unless that is 0 or -1'],
  [{ expires: { column: 'used', lifetime: '30d' }, grace: '1h' }, '30d after used, kept 1h longer'],
  [
    { expires: { column: 'made', lifetimeColumn: 'age', lifetimeUnit: 'days' } },
    'age days after made',
  ],
  [{ expires: { column: 'made', lifetimeColumn: 'age' } }, 'age after made'],
  [{ expires: { latestOf: ['a', 'b'] } }, 'at the latest of a, b'],
  [
    { expires: 'immediately', where: { revoked: true, kind: ['a', null] } },
    'immediately, where revoked is true and kind is a or NULL',
  ],
  [
    { expires: 'immediately', where: { a: { not: null }, b: { not: { not: { above: 5 } } } } },
    'immediately, where a is not NULL and b is above 5',
  ],
  [
    { expires: 'immediately', where: { a: { startsWith: 'x' }, b: { not: { startsWith: 'y' } } } },
    'immediately, where a begins with x and b does not begin with y',
  ],
  [
    {
      expires: { column: 'a' },
      unlessReferenced: true,
      cascade: 'allow',
      dependents: [{ table: 'd', column: 'c' }],
      unlink: [{ table: 'u', column: 'c' }],
    },
    'at a, unless a foreign key refers to the row, with the rows that a cascade deletes, ' +
      'its rows in d are deleted first, its references in u are set to NULL first',
  ],
])('puts %j into words', (rule, text) => {
  expect(ruleText(rule)).toBe(text);
});
