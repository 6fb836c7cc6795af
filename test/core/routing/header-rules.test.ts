import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  CLAIM_PREFIXES,
  CLAIMS,
  HOP_BY_HOP,
  headerKey,
  isDroppedOfResponses,
  mayBeDroppedOfResponses,
  mayHaveRequestRule,
  NEVER_FORWARDED,
  ORDERS_TO_SERVERS,
  requestRule,
} from '../../../src/core/routing/header-rules.ts';

const NEVER = [...HOP_BY_HOP, ...NEVER_FORWARDED];
const RULED = [...NEVER, ...CLAIMS, ...CLAIM_PREFIXES.map((prefix) => `${prefix}anything`)];

it('a name is compared without case, and with its separators equal', () => {
  expect(headerKey('X.Forwarded_For')).toBe('x-forwarded-for');
  expect(headerKey('X-Forwarded-For')).toBe('x-forwarded-for');
});

it.each(NEVER)('%s is removed, whoever sends it', (name) => {
  expect(requestRule(name.toUpperCase())).toBe('never');
});

it.each(CLAIMS)('%s is trusted only from a trusted proxy', (name) => {
  expect(requestRule(name)).toBe('claim');
});

it.each(RULED.filter((name) => name.includes('-')))('%s in another spelling is never trusted', (name) => {
  expect(requestRule(name.replace('-', '_'))).toBe('never');
  expect(requestRule(name.replaceAll('-', '.'))).toBe('never');
});

it('a length is taken only from its own name', () => {
  expect(requestRule('Content-Length')).toBe(null);
  expect(requestRule('Content_Length')).toBe('never');
});

it('the quick check of a name never misses a name with a rule', () => {
  const separator = fc.constantFrom('-', '_', '.');
  const name = fc.oneof(
    fc.constantFrom(...RULED),
    fc.tuple(fc.constantFrom(...CLAIM_PREFIXES), fc.stringMatching(/^[a-z-]{0,40}$/)).map((parts) => parts.join('')),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$/),
  );
  fc.assert(
    fc.property(name, separator, fc.boolean(), (plain, other, upper) => {
      const spelled = plain.replaceAll('-', other);
      const sent = upper ? spelled.toUpperCase() : spelled;
      if (requestRule(sent) !== null) expect(mayHaveRequestRule(sent)).toBe(true);
    }),
    { numRuns: 2000 },
  );
  for (const one of [...HOP_BY_HOP, ...ORDERS_TO_SERVERS]) {
    expect(isDroppedOfResponses(one.toUpperCase())).toBe(true);
    expect(mayBeDroppedOfResponses(one.toUpperCase())).toBe(true);
  }
});

it('the quick check passes the fields that browsers send', () => {
  const usual = ['Host', 'User-Agent', 'Accept', 'Accept-Encoding', 'Cookie', 'Referer', 'Origin', 'Content-Type'];
  const sec = ['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-CH-UA', 'Cache-Control', 'If-None-Match', 'Range', 'Priority'];
  expect([...usual, ...sec].filter(mayHaveRequestRule)).toEqual([]);
});
