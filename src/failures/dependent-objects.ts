import { SETTINGS } from '../config/settings.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { objectOf, originOf } from './origin.ts';
import type { Meaning, Symptom } from './meanings.ts';

/** 23001, 23503: a foreign key of another table that refuses. */
export function referenced({ error, target }: Symptom): Meaning {
  const child = tableIn(error);
  const key = objectOf(error, 'constraint');
  return {
    type: FAILURE.referenced,
    advice:
      `Target "${target.name}": rows of ${quoteTable(target)} cannot be deleted while rows of ` +
      `${child ?? 'another table'} refer to them${key === '' ? '' : ` (foreign key ${quoteName(key)})`}. Delete those first, as by a ` +
      `target of its own that ${SETTINGS.targets.name} names before "${target.name}".`,
  };
}

/** A trigger, a child table, a policy: something behind the table fails, and not the deletion itself. */
export function dependentObject({ error, target }: Symptom): Meaning {
  const origin = originOf(error);
  const child = origin?.child ?? tableIn(error);
  const parts = [
    origin?.function === undefined ? undefined : `function ${origin.function}()`,
    ...(['constraint', 'column'] as const).map((field) => {
      const name = objectOf(error, field);
      return name === '' ? undefined : `${field} ${quoteName(name)}`;
    }),
    child === undefined ? undefined : `table ${child}`,
  ].filter((part) => part !== undefined);
  return {
    type: FAILURE.dependentObject,
    advice:
      `Target "${target.name}": deleting rows of ${quoteTable(target)} fails in an object behind the table, ` +
      `${parts.length === 0 ? 'such as a trigger or a policy' : parts.join(', ')}. Correct that object, or the rights and data ` +
      'that it needs; the target’s own rights and settings are not the cause.',
  };
}

/** The table that an error of PostgreSQL names, quoted, with its schema. */
function tableIn(error: Error): string | undefined {
  const table = objectOf(error, 'table');
  if (table === '') return undefined;
  const schema = objectOf(error, 'schema');
  return quoteTable({ schema: schema === '' ? undefined : schema, table });
}
