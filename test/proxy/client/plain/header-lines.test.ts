import { expect, test } from 'vitest';
import { readHeaderLines } from '../../../../src/proxy/client/plain/header-lines.ts';

test('lines are read from an offset, the last without a line end', () => {
  expect(readHeaderLines('GET\r\nA: b\r\nC:d \t', 5)).toEqual(['A', 'b', 'C', 'd']);
});

test.each([
  ['nothing', ''],
  ['no colon', 'A'],
  ['a blank in the name', 'A b: c'],
  ['a blank before the colon', 'A : b'],
  ['a folded line', 'A: b\r\n c'],
  ['a bare line feed', 'A: b\nC: d'],
  ['a control character', 'A: \x01'],
  ['an empty line', 'A: b\r\n\r\nC: d'],
])('%s is none', (_what, text) => {
  expect(readHeaderLines(text, 0)).toBeNull();
});
