import { expect, test } from 'vitest';
import { csv } from '../../../src/cli/output/csv.ts';
import { isLabel } from '../../../src/core/tenants/tenant.ts';

test('separates rows by CRLF, and quotes what would end a cell', () => {
  expect(
    csv([
      ['a', 1.5],
      ['b,c', 'd"e'],
      ['f\r\ng', ''],
    ]),
  ).toBe('a,1.5\r\n"b,c","d""e"\r\n"f\r\ng",');
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('writes %j as text, which no spreadsheet runs', (text) => {
  expect(csv([[text]])).toMatch(/^"?'/);
  // Such a tenant cannot exist in the first place.
  expect(isLabel(text)).toBe(false);
});
