import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import type { LaneAccount } from './checkpoint.ts';
import type { Consideration } from './throttle.ts';
import type { ExpiredRows } from '../targets/expired-rows.ts';
import type { KeptBy } from './keeping-triggers.ts';
import type { SliceLedger } from './ledger.ts';
import type { RefusedRows } from './refused-rows.ts';
import type { Route } from './route.ts';

/** Everything that goes on in one slice has this in common. */
export interface SliceWork {
  readonly em: EntityManager;
  readonly doomed: ExpiredRows;
  readonly settings: DeletionSettings;
  readonly ledger: SliceLedger;
  readonly accounts: readonly LaneAccount[];
  readonly consideration: Consideration;
  readonly keptBy: KeptBy;
  readonly refusedRows: RefusedRows;
  /** Called after each committed chunk, with the position reached. */
  readonly onChunk: (route: Route, position: string) => void;
  /** Asked before each chunk; true ends the work there. */
  readonly shouldStop: () => boolean;
}

/** What the lanes share while they work through one route. */
export interface LaneWork extends SliceWork {
  readonly route: Route;
}

/** How the lanes ended. `indivisible`: more rows share one expiry than fit into a chunk. */
export interface LanesEnd {
  readonly kind: 'end-reached' | 'stopped' | 'indivisible';
  readonly position: string;
}
