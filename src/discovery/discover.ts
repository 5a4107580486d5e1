import type { MikroORM } from '@mikro-orm/postgresql';
import type { DatabaseSettings } from '../config/config.ts';
import { zonesBesideUtc } from '../targets/time-zone.ts';
import { examine, targetOf, type Examined } from './examine.ts';
import { readTables } from './read-tables.ts';
import { KNOWN_NAMES, LIKELY_NAME, recognise, type Excluded } from './recognise.ts';

/** What a database holds. */
export interface Discovery {
  /** Targets of known stores first, then tables that look like a store. */
  readonly targets: readonly Examined[];
  /** Tables that look like a store and must not be cleaned by their expiry. */
  readonly excluded: readonly Excluded[];
}

/** Time for all tables together; what is left then is listed without its rows. Milliseconds. */
const EXAMINE_WITHIN = 30_000;

/** Tables that are examined at the same time: mostly, the network is what takes time. */
const AT_ONCE = 3;

/**
 * Finds the tables that hold sessions or tokens, and reads what their rows say. Writes nothing, waits for no lock, and
 * takes little more than half a minute, however many tables there are.
 *
 * @param file - that will describe the targets, for messages
 * @throws whatever the database throws when it is out of reach
 */
export async function discover(
  orm: MikroORM,
  database: Pick<DatabaseSettings, 'ledgerSchema' | 'defaultSchema'>,
  file: string,
  examineWithin = EXAMINE_WITHIN,
): Promise<Discovery> {
  const em = orm.em.fork();
  const tables = await readTables(em, database, KNOWN_NAMES, LIKELY_NAME);
  const { proposals, excluded } = recognise(tables);
  const zones = await zonesBesideUtc(em);
  const configured = proposals.flatMap((proposal) => {
    const target = proposal.store === undefined ? undefined : targetOf(proposal, file);
    return target === undefined ? [] : [target];
  });
  const deadline = performance.now() + examineWithin;
  const targets: Examined[] = [];
  const queue = proposals.entries();
  const examineQueue = async (): Promise<void> => {
    for (const [index, proposal] of queue) {
      targets[index] = await examine(em, proposal, { zones, file, configured, deadline });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, examineQueue));
  return { targets, excluded };
}
