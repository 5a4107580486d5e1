const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A whole number with its thousands set apart: `1,234,567`. */
export function numberText(value: number): string {
  return GROUPED.format(value);
}

/** A number with its noun: `1 row`, `2 rows`, `0 rows`. */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
