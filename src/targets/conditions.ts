import type { ColumnCondition, Condition, Scalar, TargetConfig } from '../config/config.ts';
import { settingOf } from '../config/setting-of.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName, type SqlFragment } from '../database/sql.ts';
import { FinalDeletionError } from '../failures/errors.ts';
import type { CatalogueColumn } from './catalogue.ts';

/**
 * The conditions of `where` as SQL, each true or false, never NULL for a row without the column's value. Checks each
 * value against the column's type.
 *
 * @throws FinalDeletionError `WrongColumnType` naming the condition, the value and what is allowed
 */
export function conditionsOf(
  config: TargetConfig,
  columnOf: (name: string) => CatalogueColumn,
): readonly SqlFragment[] {
  return config.where.map((where) => conditionOf(config, where, columnOf(where.column)));
}

function conditionOf(
  config: TargetConfig,
  { column, condition }: ColumnCondition,
  { category, qualifiedType, type }: CatalogueColumn,
): SqlFragment {
  const name = quoteName(column);
  const refuse = (problem: string, remedy: string): FinalDeletionError => {
    const text = `${settingOf(config, 'where')}: ${problem}, and column ${name} is of type ${type}. ${remedy}`;
    return new FinalDeletionError(FAILURE.wrongColumnType, text, config);
  };
  const compare = (operator: string, value: Scalar): SqlFragment => {
    const wanted = WRITTEN_AS[typeof value];
    const shown = JSON.stringify(value);
    if (typeof value !== 'string' && category !== wanted) {
      const isText = category === 'S' || category === 'E';
      throw refuse(
        `${shown} is a ${typeof value}`,
        isText ? `Quote it: "${shown}".` : 'Correct the value, or name another column.',
      );
    }
    if (!COMPARABLE.has(category) && !COMPARABLE_TYPES.has(type)) {
      throw refuse('values of that type cannot be compared', 'Name another column.');
    }
    return {
      sql: `${name} operator(pg_catalog.${operator}) ?::${qualifiedType}`,
      params: [String(value)],
    };
  };
  const build = (part: Condition): SqlFragment => {
    if ('not' in part) {
      const { sql, params } = build(part.not);
      return { sql: `(${name} is not null and not ${sql})`, params };
    }
    if ('startsWith' in part) {
      if (category !== 'S') throw refuse('startsWith is for text', 'Name a text column.');
      const text = `(${name}::pg_catalog.text collate pg_catalog."C")`;
      return {
        sql: `(${name} is not null and pg_catalog.starts_with(${text}, ?::pg_catalog.text))`,
        params: [part.startsWith],
      };
    }
    if ('above' in part) {
      if (category !== 'N' && category !== 'D') {
        throw refuse('above is for numbers and instants', 'Name a column of such a type.');
      }
      const { sql, params } = compare('>', part.above);
      return { sql: `(${name} is not null and ${sql})`, params };
    }
    const values = part.anyOf.map((value) =>
      value === null ? { sql: `${name} is null`, params: [] } : compare('=', value),
    );
    // A comparison with NULL is NULL, which `coalesce` makes false without an operator.
    return {
      sql: `coalesce(${values.map(({ sql }) => sql).join(' or ')}, false)`,
      params: values.flatMap(({ params }) => params),
    };
  };
  return build(condition);
}

/** The category of types, as `pg_type.typcategory` has it, that a value which is no text is compared with. */
const WRITTEN_AS: Readonly<Record<string, string>> = { number: 'N', boolean: 'B' };

/** Categories of types whose values can be compared: numbers, text, enums, booleans, dates and times, addresses. */
const COMPARABLE = new Set(['N', 'S', 'E', 'B', 'D', 'I']);
const COMPARABLE_TYPES = new Set(['uuid', 'bytea']);

/**
 * The values of `never` as conditions that are true for all other rows. NULL counts as another one: of several
 * columns, one without a value does not decide.
 */
export function neverConditions(
  config: TargetConfig,
  columns: readonly CatalogueColumn[],
): readonly SqlFragment[] {
  return columns.flatMap(({ name, category, qualifiedType, type }) =>
    config.never.map((value) => {
      if (typeof value === 'boolean' || (typeof value === 'number' && category !== 'N')) {
        const text =
          `${settingOf(config, 'expires.never')}: ${JSON.stringify(value)} is no value of column ${quoteName(name)}, ` +
          `which is of type ${type}. Write an instant or a text in quotes.`;
        throw new FinalDeletionError(FAILURE.wrongColumnType, text, config);
      }
      return {
        sql: `coalesce(${quoteName(name)} operator(pg_catalog.<>) ?::${qualifiedType}, true)`,
        params: [asLiteral(String(value), type)],
      };
    }),
  );
}

/** A point in time without a zone is one of UTC, as everywhere in the configuration. */
function asLiteral(value: string, type: string): string {
  const hasZone =
    /[Zz]$|[+-]\d\d(:?\d\d)?$|infinity/.test(value.slice(10)) || value.includes('infinity');
  return type === 'timestamp with time zone' && !hasZone ? `${value}+00` : value;
}
