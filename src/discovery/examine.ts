import type { EntityManager } from '@mikro-orm/postgresql';
import { checkPlausibility } from '../checks/plausibility.ts';
import { checkReferences } from '../checks/reference-checks.ts';
import { checkIndex } from '../checks/target-checks.ts';
import type { TargetConfig } from '../config/config.ts';
import { withSchema } from '../config/load-config.ts';
import { BUILT_IN } from '../config/read-targets.ts';
import { flatten, resolveTarget } from '../config/targets.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { FinalDeletionError } from '../failures/errors.ts';
import { explainError } from '../failures/translate.ts';
import { countRows } from '../targets/count-rows.ts';
import { expiredRowsOf } from '../targets/expired-rows.ts';
import { inspectTarget } from '../targets/target.ts';
import type { Proposal } from './recognise.ts';

/** What the rows of a table say. */
export interface RowFacts {
  /** Rows that meet the rule's conditions. */
  readonly rows: number;
  readonly expiredRows: number;
  /** Expiry of the oldest expired row, as PostgreSQL writes it; null: there is none. */
  readonly oldest: string | null;
  /** True when all of this is projected from a sample. */
  readonly isEstimate: boolean;
  /** Whether an index finds expired rows, and the statement that creates one. */
  readonly index: string;
  /** Of the table with its indexes. */
  readonly bytes: number;
}

/** A proposal with what was found in the database. */
export interface Examined extends Omit<Proposal, 'localTimes'> {
  /** Undefined: they could not be read, or the rule has blanks. */
  readonly facts: RowFacts | undefined;
}

/** A table that takes longer to count is estimated. Milliseconds. */
const COUNT_TIMEOUT = 2_000;

/**
 * Asks the database about a proposal. Whatever its rule leaves unknown, or keeps it from
 * working, is an open point.
 *
 * @param zones - other than UTC that connections to the database get
 * @param file - that will describe the target, for messages
 * @param configured - all proposals of known stores, as targets
 * @param deadline - of `performance.now()`: later, nothing is asked
 * @throws whatever the database throws when it is out of reach
 */
export async function examine(
  em: EntityManager,
  proposed: Proposal,
  { zones, file, configured, deadline }: Context,
): Promise<Examined> {
  const { localTimes, ...proposal } = proposed;
  const zone = zoneQuestion(localTimes, zones);
  const known: Examined = {
    ...proposal,
    ...(zone === undefined
      ? {}
      : {
          openPoints: [...proposal.openPoints, zone],
          blanks: { timeZone: 'such as Europe/Berlin', ...proposal.blanks },
          notes: [...proposal.notes, 'Rows are counted as if their times were UTC.'],
        }),
    facts: undefined,
  };
  const stuck = (point: string): Examined => ({
    ...known,
    openPoints: [...known.openPoints, point],
  });
  const { table } = proposal;
  if (!table.isReadable) {
    return stuck(
      `The role may not read ${quoteTable({ ...table, table: table.name })}, so nothing is known of its rows. Grant it ` +
        'SELECT on the table, and USAGE on the schema, and run this again.',
    );
  }
  const config = targetOf(proposed, file);
  if (config === undefined) return known;
  if (performance.now() >= deadline) {
    return stuck('There was no time to examine it: turn it on, and run "session-cleanup check".');
  }
  try {
    // Whole hours do not matter here, and a target whose zone is not known is off.
    const read = { ...config, timeZone: config.timeZone ?? 'UTC' };
    const { openPoints, notes, facts } = await readRows(em, read, configured);
    return {
      ...known,
      openPoints: [...known.openPoints, ...openPoints],
      notes: [...known.notes, ...notes],
      facts,
    };
  } catch (error) {
    if (!(error instanceof FinalDeletionError)) await em.execute('select');
    return stuck(explainError(error, config).text);
  }
}

interface Context {
  readonly zones: readonly string[];
  readonly file: string;
  readonly configured: readonly TargetConfig[];
  readonly deadline: number;
}

/** The target that a proposal makes; undefined: it has blanks. */
export function targetOf(
  { name, entry, blanks, table: { schema } }: Proposal,
  file: string,
): TargetConfig | undefined {
  if (Object.keys(blanks).length > 0) return undefined;
  const own = { entry: flatten(entry), from: () => file };
  const target = resolveTarget({ name, file }, own, [BUILT_IN], (key, problem) => {
    throw new TypeError(`${name}.${key}: ${problem}`);
  });
  return target === undefined ? undefined : withSchema(target.config, schema);
}

/** Undefined: every time has a zone, or is written by connections that all get UTC. */
function zoneQuestion(
  localTimes: Proposal['localTimes'],
  zones: readonly string[],
): string | undefined {
  if (localTimes === undefined || (localTimes.isOfConnections && zones.length === 0)) {
    return undefined;
  }
  const columns = localTimes.columns.map(quoteName).join(', ');
  const gets = zones.length === 0 ? 'UTC' : zones.join(', ');
  return (
    `In which time zone does the application write ${columns}, of type timestamp without time zone? ` +
    (localTimes.isOfConnections
      ? `It is that of its connections, and these may get: ${gets}.`
      : `It may be that of its process or configuration. Connections to this database get: ${gets}.`)
  );
}

async function readRows(
  em: EntityManager,
  config: TargetConfig,
  configured: readonly TargetConfig[],
): Promise<Pick<Examined, 'openPoints' | 'notes' | 'facts'>> {
  const target = await inspectTarget(em, config, configured);
  const found = [
    ...(await checkPlausibility(em, target)),
    ...(await checkReferences(em, target, configured)),
  ];
  const counts = await countRows(em, await expiredRowsOf(em, target), COUNT_TIMEOUT);
  const index = await checkIndex(em, target);
  const [size] = await ask<{ bytes: string }>(em, ASKING, {
    sql: `select coalesce((select sum(pg_total_relation_size(relid)) from pg_partition_tree(?::oid)),
      pg_total_relation_size(?::oid))::text as bytes`,
    params: [target.oid, target.oid],
  });
  const textsOf = (level: string): readonly string[] =>
    found
      .filter((each) => each.level === level)
      .map(({ message, remedy }) =>
        [message, ...(remedy === undefined ? [] : [remedy])].join('. '),
      );
  return {
    openPoints: [
      ...textsOf('error'),
      ...counts.expiredSentinels.map(
        ({ value, rows }) =>
          `Do the ${rows} rows at ${value} never expire? If so, list it in expires.never.`,
      ),
    ],
    notes: textsOf('warning'),
    facts: {
      rows: counts.totalRows,
      expiredRows: counts.expiredRows,
      oldest: counts.oldest,
      isEstimate: counts.isEstimate,
      index: [index.message, ...(index.remedy === undefined ? [] : [index.remedy])].join(': '),
      bytes: Number(size?.bytes ?? 0),
    },
  };
}
