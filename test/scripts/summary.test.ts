import { expect, test } from 'vitest';
import { isGood, summaryOf } from '../../scripts/tests/summary.ts';

const GOOD = { passed: 10, flaky: [{ title: 'test/a.test.ts > starts', reason: '' }], failed: [], errors: 0 };
const BAD = {
  passed: 3,
  flaky: [],
  failed: [{ title: 'test/b.test.ts > stops', reason: 'expected 1 to be 2\n- 2\n+ 1' }],
  errors: 1,
};

test('a summary lists failed and flaky tests with the reasons, and ends with the counts of all stages', () => {
  expect(summaryOf([GOOD, BAD])).toEqual([
    'failed: test/b.test.ts > stops',
    '  expected 1 to be 2',
    '  - 2',
    '  + 1',
    'flaky: test/a.test.ts > starts',
    '13 passed, 2 failed',
  ]);
});

test('flaky tests fail no run; failed ones, and errors that belong to no test, do', () => {
  expect(isGood([GOOD])).toBe(true);
  expect(isGood([GOOD, { ...BAD, errors: 0 }])).toBe(false);
  expect(isGood([GOOD, { ...BAD, failed: [] }])).toBe(false);
});
