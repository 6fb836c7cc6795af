import { expect, it } from 'vitest';
import { nextOrder, orderOf, orderText, sortRows } from '../../../src/dashboard/model/sort.ts';

const COLUMNS = ['name', 'memory'];

it('reads and writes an order as the address has it', () => {
  expect(orderOf('-memory', COLUMNS, 'name')).toEqual({ column: 'memory', descending: true });
  expect(orderOf('nonsense', COLUMNS, 'name')).toEqual({ column: 'name', descending: false });
  expect(orderOf(null, COLUMNS, 'name')).toEqual({ column: 'name', descending: false });
  expect(orderText({ column: 'memory', descending: true }, 'name')).toBe('-memory');
  expect(orderText({ column: 'name', descending: false }, 'name')).toBe('');
});

it('begins numbers with the greatest, and turns a column that is chosen again', () => {
  const byName = { column: 'name', descending: false };
  expect(nextOrder(byName, 'memory', true)).toEqual({ column: 'memory', descending: true });
  expect(nextOrder(byName, 'name', false)).toEqual({ column: 'name', descending: true });
});

it('sorts what is unknown last in both directions, and equals by key', () => {
  const rows = [
    { key: 'd', memory: null },
    { key: 'c', memory: 2 },
    { key: 'b', memory: 1 },
    { key: 'a', memory: 2 },
  ];
  const sorted = (descending: boolean) =>
    sortRows(
      [...rows],
      ({ memory }) => memory,
      ({ key }) => key,
      descending,
    )
      .map(({ key }) => key)
      .join('');
  expect(sorted(false)).toBe('bacd');
  expect(sorted(true)).toBe('acbd');
});
