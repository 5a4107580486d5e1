/** How far a run is, as one line. */
import { numberText } from '../../src/contract/text.ts';

const WIDTH = 30;

/** What the bar shows. */
export interface BarState {
  readonly done: number;
  readonly total: number;
  readonly rowsPerSecond?: number | undefined;
}

/** Draws the bar, with rows and rows per second. Full when there was nothing to do. */
export function renderBar({ done, total, rowsPerSecond }: BarState): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate = rowsPerSecond === undefined ? '' : `  ${numberText(rowsPerSecond)} rows/s`;
  return (
    `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${percent} %  ` +
    `${numberText(done)} of ${numberText(total)}${rate}`
  );
}
