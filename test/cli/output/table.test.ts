import { expect, test } from 'vitest';
import { painter } from '../../../src/cli/output/color.ts';
import { type Column, table } from '../../../src/cli/output/table.ts';

const plain = painter(false);
const EVERYTHING = { columns: null, paint: plain };
const COLUMNS: readonly Column[] = [
  { heading: 'NAME' },
  { heading: 'WHEN', brief: (cell) => cell.slice(0, 4), rank: 2 },
  { heading: 'WHY', minWidth: 6, rank: 1 },
];
const ROWS = [
  ['a-long-name', '2026-11-28', 'because of this'],
  ['b', '-', '日本語'],
];

function shown(columns: number | null) {
  return table(COLUMNS, ROWS, { columns, paint: plain }).split('\n');
}

test('columns are as wide as their widest cell', () => {
  expect(table(['A', 'LONG'], [['wide', 'x']], EVERYTHING)).toBe('A     LONG\nwide  x');
});

test('a wide character takes two columns', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['日本', 'x'],
        ['abcd', 'y'],
      ],
      EVERYTHING,
    ),
  ).toBe('A     B\n日本  x\nabcd  y');
});

test.each<[columns: number | null, first: string, second: string]>([
  [null, 'a-long-name  2026-11-28  because of this', 'b            -           日本語'],
  [40, 'a-long-name  2026-11-28  because of this', 'b            -           日本語'],
  [39, 'a-long-name  2026  because of this', 'b            -     日本語'],
  [27, 'a-long-name  2026  because…', 'b            -     日本語'],
  [22, 'a-long-name  2026', 'b            -'],
  [10, 'a-long-name', 'b'],
])('in %j columns cells are abbreviated, cut and left out, and a name never', (columns, first, second) => {
  expect(shown(columns).slice(1)).toEqual([first, second]);
});

test('colours take no room', () => {
  const columns: readonly Column[] = [{ heading: 'A', format: () => 'red' }, { heading: 'B' }];
  const lines = table(columns, [['x', 'y']], { columns: 80, paint: painter(true) }).split('\n');
  expect(lines).toEqual(['\u001b[1mA\u001b[22m  \u001b[1mB\u001b[22m', '\u001b[31mx\u001b[39m  y']);
});
