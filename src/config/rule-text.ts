import type { ConditionEntry, TargetEntry } from './target-entry.ts';

type Expires = Exclude<TargetEntry['expires'], 'immediately' | undefined>;

/** The rule of a target in words, such as "30d after updated_at, where context is session". */
export function ruleText(target: TargetEntry): string {
  const { expires, where, grace, unlessReferenced, dependents = [], unlink = [], cascade } = target;
  const conditions = Object.entries(where ?? {}).map(([column, condition]) =>
    conditionText(column, condition),
  );
  return [
    expires === 'immediately' ? expires : expiryText(expires ?? {}),
    ...(conditions.length === 0 ? [] : [`where ${conditions.join(' and ')}`]),
    ...(grace === undefined ? [] : [`kept ${grace} longer`]),
    ...(unlessReferenced === true ? ['unless a foreign key refers to the row'] : []),
    ...(cascade === 'allow' ? ['with the rows that a cascade deletes'] : []),
    ...dependents.map(({ table }) => `its rows in ${table} are deleted first`),
    ...unlink.map(({ table }) => `its references in ${table} are set to NULL first`),
  ].join(', ');
}

function expiryText(expires: Expires): string {
  const { column = '', latestOf, lifetime, lifetimeColumn, lifetimeUnit, never = [] } = expires;
  const start = latestOf === undefined ? column : `the latest of ${latestOf.join(', ')}`;
  const exception = never.length === 0 ? '' : ` unless that is ${never.join(' or ')}`;
  if (lifetimeColumn !== undefined) {
    const unit = lifetimeUnit === undefined ? '' : ` ${lifetimeUnit}`;
    return `${lifetimeColumn}${unit} after ${start}${exception}`;
  }
  return `${lifetime === undefined ? 'at' : `${lifetime} after`} ${start}${exception}`;
}

function conditionText(column: string, condition: ConditionEntry, not = ''): string {
  if (Array.isArray(condition)) {
    return `${column} is ${not}${condition.map(valueText).join(' or ')}`;
  }
  if (typeof condition !== 'object' || condition === null) {
    return `${column} is ${not}${valueText(condition)}`;
  }
  if ('not' in condition) return conditionText(column, condition.not, not === '' ? 'not ' : '');
  if ('startsWith' in condition) {
    return `${column} ${not === '' ? 'begins' : 'does not begin'} with ${condition.startsWith}`;
  }
  return `${column} is ${not}above ${condition.above}`;
}

function valueText(value: string | number | boolean | null): string {
  return value === null ? 'NULL' : String(value);
}
