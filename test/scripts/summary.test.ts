import { expect, test } from 'vitest';
import { isGood, summaryOf } from '../../scripts/tests/summary.ts';

const GOOD = { passed: 10, flaky: ['test/a.test.ts > starts'], failed: [], errors: 0 };
const BAD = { passed: 3, flaky: [], failed: ['test/b.test.ts > stops'], errors: 1 };

test('a summary lists failed and flaky tests, and ends with the counts of all stages', () => {
  expect(summaryOf([GOOD, BAD])).toEqual([
    'failed: test/b.test.ts > stops',
    'flaky: test/a.test.ts > starts',
    '13 passed, 2 failed',
  ]);
});

test('flaky tests fail no run; failed ones, and errors that belong to no test, do', () => {
  expect(isGood([GOOD])).toBe(true);
  expect(isGood([GOOD, { ...BAD, errors: 0 }])).toBe(false);
  expect(isGood([GOOD, { ...BAD, failed: [] }])).toBe(false);
});
