import { expect, test } from 'vitest';
import { notYetRead } from '../../../src/core/following/log-history.ts';
import type { LogLine } from '../../../src/core/stores/log-store.ts';

const lines = (text: string): LogLine[] => [...text].map((char) => ({ atMs: 1, stream: 'stdout', text: char }));

test.each([
  ['none seen', 'ab', 'cd', 'cd'],
  ['some seen', 'abc', 'cd', 'd'],
  ['all seen', 'abcd', 'cd', ''],
  ['a tail shorter than what arrived', 'd', 'bcde', 'e'],
  ['nothing read', '', 'cd', 'cd'],
  ['nothing arrived', 'ab', '', ''],
])('of what arrived, what was not read remains: %s', (_case, read, arrived, rest) => {
  expect(notYetRead(lines(read), lines(arrived))).toEqual(lines(rest));
});
