import type { ForeignKey, Surroundings } from './dependents.ts';

/** The tables that deleted rows take along, each with the shortest path by which a cascade reaches it. */
export interface Cascade {
  readonly oid: string;
  readonly table: string;
  /** From the target to the table, both included. */
  readonly path: readonly string[];
  /** The foreign key of the last step; undefined for the step to a partition. */
  readonly key: ForeignKey | undefined;
}

/** Follows ON DELETE CASCADE from the target; the target itself is listed when a cascade leads back to it. */
export function cascadesOf({ tables, keys }: Surroundings): readonly Cascade[] {
  const [target] = tables;
  if (target === undefined) return [];
  const found: Cascade[] = [];
  const seen = new Set<string>();
  const visit = (from: Pick<Cascade, 'oid' | 'path'>): readonly Cascade[] => [
    ...keys
      .filter((key) => key.action === 'cascade' && key.parent === from.oid)
      .map((key) => ({ oid: key.child, table: key.table, path: [...from.path, key.table], key })),
    ...tables
      .filter(({ partitionOf, event }) => partitionOf === from.oid && event === 'delete')
      .map(({ oid, table }) => ({ oid, table, path: [...from.path, table], key: undefined })),
  ];
  const queue: Pick<Cascade, 'oid' | 'path'>[] = [{ oid: target.oid, path: [target.table] }];
  for (let from = queue.shift(); from !== undefined; from = queue.shift()) {
    for (const step of visit(from)) {
      if (seen.has(step.oid)) continue;
      seen.add(step.oid);
      found.push(step);
      if (step.oid !== target.oid) queue.push(step);
    }
  }
  return found;
}

/** The tables from the target to a foreign key's own table, for messages. */
export function pathOf(key: ForeignKey, surroundings: Surroundings): readonly string[] {
  const [target] = surroundings.tables;
  const parent =
    key.parent === target?.oid
      ? [target.table]
      : (cascadesOf(surroundings).find(({ oid }) => oid === key.parent)?.path ?? []);
  return [...parent, key.table];
}
