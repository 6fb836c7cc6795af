import { expect, it } from 'vitest';
import { certificateWarnings } from '../../src/tls/certificate-words.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const warningsOf = (...names: readonly string[]) => {
  const times = { notBeforeMs: 0, notAfterMs: 90 * DAY_MS };
  return certificateWarnings({ file: 'a.pem', names, issuer: 'CA', isSelfSigned: false, flaws: [], ...times }, DAY_MS);
};

it('warns of a wildcard that browsers refuse, and of no other', () => {
  expect(warningsOf('*.localhost', 'localhost')).toEqual([
    'a.pem: browsers refuse *.localhost, a wildcard of a whole top-level domain; name each host instead',
  ]);
  expect(warningsOf('*.example.com', 'example.com')).toEqual([]);
});
