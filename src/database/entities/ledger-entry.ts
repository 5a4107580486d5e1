import { defineEntity, p } from '@mikro-orm/core';

/** Table of the ledger, in the schema that `SESSION_CLEANUP_LEDGER_SCHEMA` names. */
export const LEDGER_TABLE = 'session_cleanup_ledger';

/**
 * What one lane of one slice has done. Each chunk's transaction deletes rows *and* writes here, so
 * the count and the position are as durable as the deletion itself: a retry reads them back, and a
 * superseded attempt finds that its `fence` is no longer the newest.
 *
 * @param schema - where the table lives; configured, so the entity is made rather than declared
 */
export function defineLedgerEntry(schema: string) {
  return defineEntity({
    name: 'LedgerEntry',
    tableName: LEDGER_TABLE,
    schema,
    properties: {
      runId: p.text().primary(),
      target: p.text().primary(),
      slice: p.integer().primary(),
      lane: p.smallint().primary(),
      /** Raised by every attempt that takes the slice over; a chunk commits under its own fence only. */
      fence: p.bigint('number').default(0),
      /** Rows must have expired by this instant; fixed by the run's first slice. Text keeps its microseconds. */
      deadline: p.string().columnType('timestamptz'),
      /** `sweep` or `drain`; null until the first chunk has been committed. */
      way: p.text().nullable(),
      /** Everything before this position has been visited by some lane. */
      position: p.text().default(''),
      /** Sweep only: the table's length in blocks when the run reached it, and its file. */
      end: p.text().nullable().fieldName('end_position'),
      /** OID of the leaf partition that the position is in; null: the table is not partitioned. */
      leaf: p.text().nullable(),
      deletedCount: p.bigint('number').default(0),
      /** Rows of the target's `dependents`, which `deletedCount` does not include. */
      dependentsDeleted: p.bigint('number').default(0),
      /** Expired rows that stay, locked ones included, by reason. */
      remaining: p.json().defaultRaw(`'[]'`),
      workedMilliseconds: p.bigint('number').default(0),
      /** When the counts were last read to be reported; null while an attempt may still add to them. */
      settledAt: p.datetime(6).nullable(),
      /** Whether the run knows the count, which is final: no attempt may claim the slice again. */
      isClosed: p.boolean().default(false),
      /** Whether the slice cleaned its target up to the deadline, or as far as its budget allowed. */
      isClean: p.boolean().default(false),
      updatedAt: p.datetime(6).defaultRaw('now()'),
    },
    indexes: [{ name: 'session_cleanup_ledger_updated_at_index', properties: ['updatedAt'] }],
  });
}
