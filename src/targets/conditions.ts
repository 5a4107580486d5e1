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
  catalogued: CatalogueColumn,
): SqlFragment {
  const { category, type } = catalogued;
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
    return compared(config, catalogued, operator, value, refuse);
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
  return columns.flatMap((column) =>
    config.never.map((value) => {
      const refuse = (problem: string, remedy: string): FinalDeletionError => {
        const text =
          `${settingOf(config, 'expires.never')}: ${problem}, and column ${quoteName(column.name)} is of type ` +
          `${column.type}. ${remedy}`;
        return new FinalDeletionError(FAILURE.wrongColumnType, text, config);
      };
      if (typeof value === 'boolean' || (typeof value === 'number' && column.category !== 'N')) {
        throw refuse(
          `${JSON.stringify(value)} is a ${typeof value}`,
          'Write an instant or a text in quotes.',
        );
      }
      const { sql, params } = compared(config, column, '<>', value, refuse);
      return { sql: `coalesce(${sql}, true)`, params };
    }),
  );
}

/** Types whose values are read by DateStyle and TimeZone, unless they are written in ISO 8601. */
const INSTANT_TYPE = /^(date|timestamp with(out)? time zone)$/;
const INSTANT =
  /^(?:[+-]?infinity|\d{4,}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?<zone> ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?)$/i;

/**
 * A column compared with a value, which means the same under any setting. A point in time without a zone is one of UTC,
 * as everywhere in the configuration; one with a zone is compared with local time by the zone of the target.
 */
function compared(
  config: TargetConfig,
  { name, category, operators, qualifiedType, type }: CatalogueColumn,
  operator: string,
  value: Scalar,
  refuse: (problem: string, remedy: string) => FinalDeletionError,
): SqlFragment {
  // No operator is found for a domain of an enum.
  const cast = category === 'E' ? `::${qualifiedType}` : '';
  const comparison = `${quoteName(name)}${cast} operator(${operators}.${operator})`;
  const text = String(value);
  if (!INSTANT_TYPE.test(type)) {
    return { sql: `${comparison} ?::${qualifiedType}`, params: [text] };
  }
  const instant = INSTANT.exec(text);
  if (instant === null) {
    throw refuse(
      `${JSON.stringify(value)} is not an instant in ISO 8601`,
      'Write it as 2026-01-31T00:00:00Z.',
    );
  }
  const written = text.replace(',', '.');
  const hasZone = instant.groups?.['zone'] !== undefined;
  if (type === 'timestamp without time zone' && hasZone) {
    if (config.timeZone === undefined) {
      const key = settingOf(config, 'timeZone');
      throw refuse(`${JSON.stringify(value)} has a zone`, `Set ${key} to that of the column.`);
    }
    return {
      sql: `${comparison} pg_catalog.timezone(?::pg_catalog.text, ?::pg_catalog.timestamptz)`,
      params: [config.timeZone, written],
    };
  }
  const isLocal = type === 'timestamp with time zone' && !hasZone && !/infinity/i.test(text);
  return {
    sql: `${comparison} ?::${qualifiedType}`,
    params: [isLocal ? `${written}+00` : written],
  };
}
