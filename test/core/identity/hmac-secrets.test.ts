import { expect, test } from 'vitest';
import { hmacSecrets } from '../../../src/core/identity/hmac-secrets.ts';

const SECRET = 'a'.repeat(32);

test('secrets stand one a line', () => {
  expect(hmacSecrets(`${SECRET}\n\n ${'b'.repeat(40)}\r\n`)).toEqual([SECRET, 'b'.repeat(40)]);
});

test.each([
  ['\n', /empty/],
  ['short\n', /of 5 bytes can be guessed; expected 32 or more, as from: openssl rand -hex 32/],
  [`${SECRET}\n`.repeat(5), /5 lines; expected at most 4/],
])('%j says what is wrong, and no secret', (text, message) => {
  expect(hmacSecrets(text)).toMatch(message);
});
