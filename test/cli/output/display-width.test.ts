import { expect, test } from 'vitest';
import { displayWidth, padded, shortened, wrapped } from '../../../src/cli/output/display-width.ts';

test.each([
  ['acme', 4],
  ['日本', 4],
  ['ｱ', 1],
  ['한국', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['👍🏽', 2],
  ['👩‍👩‍👧', 2],
  ['❤️', 2],
  ['', 0],
])('%j takes %i columns', (text, columns) => {
  expect(displayWidth(text)).toBe(columns);
});

test('a wide text is padded to the columns that it lacks', () => {
  expect(padded('日本', 6)).toBe('日本  ');
});

test.each([
  ['acme', 4, 'acme'],
  ['acme-inc', 5, 'acme…'],
  ['日本語', 5, '日本…'],
  ['日本語', 4, '日…'],
])('%j in %i columns is %j', (text, columns, expected) => {
  expect(shortened(text, columns)).toBe(expected);
});

test('a text is broken between words, and a word that is too long stays whole', () => {
  expect(wrapped('one two 日本 a-long-word-of-its-own x', 8)).toEqual([
    'one two',
    '日本',
    'a-long-word-of-its-own',
    'x',
  ]);
});
