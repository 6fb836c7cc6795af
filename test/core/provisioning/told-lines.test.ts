import { expect, it } from 'vitest';
import { toldLines } from '../../../src/core/provisioning/told-lines.ts';

it('only the last lines are kept, each of bounded length', () => {
  const lines = toldLines(Array.from({ length: 50 }, (_, n) => `${n} ${'x'.repeat(1000)}`).join('\n'), []);
  expect(lines).toHaveLength(20);
  expect(lines.at(-1)).toMatch(/^49 x{497}$/);
});

it('control characters and changes of direction are shown, so that no terminal obeys them', () => {
  expect(toldLines('\x1b[31mred\x07\u202eabc\r\n', [])).toEqual(['\\x1b[31mred\\x07\\u202eabc']);
});

it('values of secrets are masked, and the password in a URL as well', () => {
  const url = 'postgres://acme:p%40ssword@localhost/acme';
  const text = `cannot connect to ${url}\npassword p@ssword of acme\nkey sk_live_1 in use\n`;
  expect(toldLines(text, [url, 'sk_live_1', 'sk_live_1234', 'a'])).toEqual([
    'cannot connect to ***',
    'password *** of acme',
    'key *** in use',
  ]);
});

it('a value of several lines is masked as a whole', () => {
  expect(toldLines('begin\nline one\nline two\nend', ['line one\nline two'])).toEqual(['begin', '***', 'end']);
});
