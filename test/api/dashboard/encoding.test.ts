import { expect, it } from 'vitest';
import { encodingFor } from '../../../src/api/dashboard/encoding.ts';

it.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip, deflate, br', 'br'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br;q=0', 'identity'],
  ['br; q=0.0, gzip; q=1.0', 'gzip'],
  ['*;q=0.1', 'br'],
  ['*, br;q=0', 'gzip'],
  ['gzip;q=nonsense', 'identity'],
  ['zstd', 'identity'],
  [';;,,=', 'identity'],
])('chooses for %s the form %s', (header, expected) => {
  expect(encodingFor(header)).toBe(expected);
});
