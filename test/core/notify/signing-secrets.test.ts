import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { signingKeys } from '../../../src/core/notify/signing-secrets.ts';

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`;

test('a secret is whsec_ and 24 to 64 bytes in base64', () => {
  for (const bytes of [24, 32, 64]) {
    const secret = secretOf(bytes);
    expect(signingKeys(`${secret}\n`)).toEqual([Buffer.from(secret.slice(6), 'base64')]);
  }
});

test('a file has a secret a line, for the time in which one is replaced', () => {
  expect(signingKeys(`${secretOf(24)}\n\n  ${secretOf(32)}\r\n`)).toHaveLength(2);
});

test('every other text is refused with its line, and never shown', () => {
  const secret = secretOf(23);
  const cases: [string, RegExp][] = [
    ['', /is empty/],
    ['\n \n', /is empty/],
    ['hunter2', /^line 1 is not whsec_/],
    [`${secretOf(24)}\nwhsec_!!`, /^line 2 is not whsec_/],
    ['WHSEC_aGVsbG8=', /^line 1 is not whsec_/],
    [secret, /^line 1 is a secret of 23 bytes; expected 24 to 64/],
    [secretOf(65), /65 bytes/],
    [Array.from({ length: 6 }, () => secretOf(24)).join('\n'), /6 secrets; expected at most 5/],
  ];
  for (const [text, problem] of cases) {
    const found = signingKeys(text);
    expect(found).toMatch(problem);
    expect(found).not.toContain('hunter2');
    expect(found).not.toContain(secret.slice(6));
  }
});
