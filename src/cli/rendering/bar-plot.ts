/** Parts of a block, from an eighth to the whole. */
const EIGHTHS = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/**
 * One bar for each value, the largest `width` characters long. A value above zero is never drawn as
 * nothing; null, where there is no value, is.
 */
export function renderBars(values: readonly (number | null)[], width: number): readonly string[] {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  return values.map((value) => (value === null ? '' : renderBar(value, largest, width)));
}

function renderBar(value: number, largest: number, width: number): string {
  if (value <= 0 || largest <= 0) return '';
  const eighths = Math.max(1, Math.round((value / largest) * width * EIGHTHS.length));
  const whole = Math.floor(eighths / EIGHTHS.length);
  const part = eighths % EIGHTHS.length;
  return '█'.repeat(whole) + (part === 0 ? '' : (EIGHTHS[part - 1] ?? ''));
}
