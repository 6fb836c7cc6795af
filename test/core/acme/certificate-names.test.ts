import { describe, expect, it } from 'vitest';
import { coveringNames, isCertifiable, orderedName } from '../../../src/core/acme/certificate-names.ts';

describe('what can be certified', () => {
  it.each(['shop.acme.org', 'a.b', 'xn--bcher-kva.example', `${'a'.repeat(63)}.test`])('%s can', (host) => {
    expect(isCertifiable(host)).toBe(true);
  });

  it.each([
    ['one label', 'acme'],
    ['this machine', 'acme.localhost'],
    ['an address', '127.0.0.1'],
    ['an address of IPv6', '::1'],
    ['a wildcard', '*.acme.org'],
    ['an underscore', 'a_b.acme.org'],
    ['upper case', 'Shop.acme.org'],
    ['an empty label', 'shop..acme.org'],
    ['nothing', ''],
    ['300 characters', `${'a.'.repeat(149)}aa`],
    ['a label of 64', `${'a'.repeat(64)}.org`],
    ['a path', '../../etc.org'],
  ])('%s cannot', (_what, host) => {
    expect(isCertifiable(host)).toBe(false);
  });
});

describe('the name that is ordered for a host', () => {
  const wildcards = new Set(['apps.test']);

  it('is the wildcard of a domain that DNS proves, for one label and no more', () => {
    expect(orderedName('acme.apps.test', wildcards)).toBe('*.apps.test');
    expect(orderedName('acme.api.apps.test', wildcards)).toBe('acme.api.apps.test');
    expect(orderedName('apps.test', wildcards)).toBe('apps.test');
    expect(orderedName('shop.acme.org', new Set())).toBe('shop.acme.org');
  });

  it('a top-level domain covers nothing', () => {
    expect(coveringNames('acme.test')).toEqual(['acme.test']);
    expect(coveringNames('a.acme.test')).toEqual(['a.acme.test', '*.acme.test']);
  });
});
