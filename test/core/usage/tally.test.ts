import { expect, test } from 'vitest';
import { addTo, newTally } from '../../../src/core/usage/tally.ts';

test('adds up what is used, and keeps the greatest size', () => {
  const tally = newTally();
  addTo(tally, { requests: 2, storageBytes: 500 });
  addTo(tally, { requests: 3, egressBytes: 10, storageBytes: 400 });
  expect(tally).toMatchObject({ requests: 5, egressBytes: 10, storageBytes: 500, wakes: 0 });
});

test('tells whether a tally has changed', () => {
  const tally = newTally();
  expect(addTo(tally, { storageBytes: 500 })).toBe(true);
  expect(addTo(tally, { storageBytes: 500, wakes: 0 })).toBe(false);
});
