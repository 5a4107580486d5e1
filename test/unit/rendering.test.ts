import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import {
  renderBars,
  markdownText,
  indent,
  renderPairs,
  renderTable,
} from '../../src/cli/rendering/table.ts';
import {
  countText,
  distanceText,
  durationText,
  numberText,
  sizeText,
  timeText,
} from '../../src/contract/text.ts';
import { createPaint, createProgressLine } from '../../src/cli/rendering/terminal.ts';

describe('a duration', () => {
  it.each([
    [0, '0 s'],
    [0.0001, '1 ms'],
    [0.25, '250 ms'],
    [1, '1 s'],
    [4.24, '4.2 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [60, '1 min'],
    [200, '3 min 20 s'],
    [3_599, '59 min 59 s'],
    [3_599.6, '1 h'],
    [21_600, '6 h'],
    [21_629, '6 h'],
    [21_631, '6 h 1 min'],
    [86_399, '1 d'],
    [187_200, '2 d 4 h'],
    [-200, '3 min 20 s'],
  ])('of %d s reads %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it('never reads as a full unit too many', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e8, noNaN: true }), (seconds) => {
        expect(durationText(seconds)).not.toMatch(/(^| )(60 s|60 min|24 h|1000 ms|0 min|NaN)/);
      }),
    );
  });
});

describe('a number', () => {
  it('has its thousands set apart', () => {
    expect(numberText(1_234_567)).toBe('1,234,567');
  });

  it('of bytes has the largest unit that leaves at least one', () => {
    expect([0, 1_023, 1_024, 10_240, 1_048_575, 5_368_709_120, 1e18].map(sizeText)).toEqual([
      '0 bytes',
      '1,023 bytes',
      '1.0 kB',
      '10 kB',
      '1,024 kB',
      '5.0 GB',
      '909,495 TB',
    ]);
  });

  it('agrees with its noun', () => {
    expect([0, 1, 2].map((count) => countText(count, 'row'))).toEqual([
      '0 rows',
      '1 row',
      '2 rows',
    ]);
  });
});

describe('a time', () => {
  it('is given in UTC, to the second', () => {
    expect(timeText('2026-11-20T07:00:00.123+01:00')).toBe('2026-11-20 06:00:00 UTC');
    expect(timeText('infinity')).toBe('infinity');
  });

  it('contains the distance from now', () => {
    const now = new Date('2026-11-20T06:00:00Z');
    expect(distanceText('2026-11-20T08:05:00Z', now)).toBe('in 2 h 5 min');
    expect(distanceText('2026-11-20T05:57:00Z', now)).toBe('3 min ago');
    expect(distanceText(now, now)).toBe('now');
    expect(distanceText('infinity', now)).toBe('');
  });
});

describe('a table', () => {
  it('puts numbers below each other, and leaves no blanks at the ends of lines', () => {
    const columns = [
      { title: 'target' },
      { title: 'rows', align: 'right' },
      { title: '' },
    ] as const;
    expect(
      renderTable(columns, [
        ['sessions', '1,200', ''],
        ['a', '3', '█'],
      ]),
    ).toBe(['target     rows', 'sessions  1,200', 'a             3  █'].join('\n'));
  });

  it('gives colours no room', () => {
    const green = createPaint({ isTTY: true, write: () => undefined }, {})('good', 'up');
    expect(green).not.toBe('up');
    expect(
      renderPairs([
        [green, 'x'],
        ['name', 'y'],
      ]),
    ).toBe(`${green}    x\nname  y`);
  });

  it('is moved to the right without its empty lines', () => {
    expect(indent('a\n\nb')).toBe('  a\n\n  b');
  });
});

describe('Markdown', () => {
  it('becomes plain text, its tables with aligned columns', () => {
    const markdown = [
      '**Removes sessions** of `web\\_app`.',
      '',
      '| target\u00A0\u00A0 | rows\u00A0\u00A0 |',
      '| :-- | --: |',
      '| a\\|b\u00A0\u00A0 | 1,200\u00A0\u00A0 |',
      '| long name\u00A0\u00A0 | 3\u00A0\u00A0 |',
      '',
      '- **a**: 2 \\* 3',
    ];
    expect(markdownText(markdown.join('\n'))).toBe(
      [
        'Removes sessions of web_app.',
        '',
        'target      rows',
        'a|b        1,200',
        'long name      3',
        '',
        '- a: 2 * 3',
      ].join('\n'),
    );
  });
});

describe('bars', () => {
  it('are as long as their share of the largest', () => {
    expect(renderBars([100, 50, 0, null], 4)).toEqual(['████', '██', '', '']);
  });

  it('show every value that is not zero', () => {
    expect(renderBars([1_000_000, 1], 10)[1]).toBe('▏');
  });

  it('never grow over the width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (values, width) => {
          const longest = Math.max(...renderBars(values, width).map((bar) => bar.length));
          expect(longest).toBe(Math.max(...values) === 0 ? 0 : width);
        },
      ),
    );
  });
});

describe('colours', () => {
  it.each([
    ['a file', false, {}],
    ['NO_COLOR', true, { NO_COLOR: '1' }],
    ['a dumb terminal', true, { TERM: 'dumb' }],
  ])('are left out for %s', (_, isTTY, environment: NodeJS.ProcessEnv) => {
    expect(createPaint({ isTTY, write: () => undefined }, environment)('bad', 'x')).toBe('x');
  });
});

describe('progress', () => {
  it('is one line on a terminal, cut to its width, and taken away at the end', () => {
    const written: string[] = [];
    const line = createProgressLine({
      isTTY: true,
      columns: 50,
      write: (text: string): unknown => written.push(text),
    });
    line.show('x'.repeat(60));
    line.clear();
    expect(written).toEqual([`\r\u001B[2K${'x'.repeat(49)}`, '\r\u001B[2K']);
  });

  it('does not fill a file with lines', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      const written: string[] = [];
      const line = createProgressLine({ write: (text: string): unknown => written.push(text) });
      for (const text of ['soon', 'after 6 s', 'after 12 s', 'after 18 s']) {
        line.show(text);
        vi.advanceTimersByTime(6_000);
      }
      line.clear();
      expect(written).toEqual(['after 12 s\n']);
    } finally {
      vi.useRealTimers();
    }
  });
});
