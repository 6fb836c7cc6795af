import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAmbiguous, pathMatch, shadow, withoutPrefix } from '../../../src/core/identity/tenant-path.ts';

const match = (path: string, prefix = '/t/') => pathMatch(path, prefix);

test.each([
  ['/t/acme', 'acme', '/'],
  ['/t/acme/', 'acme', '/'],
  ['/t/acme/a/b?c=/t/globex', 'acme', '/a/b?c=/t/globex'],
  ['/t/acme?a=1', 'acme', '/?a=1'],
  ['/t/acme//evil.example/x', 'acme', '//evil.example/x'],
])('%s names %s, and the application gets %s', (path, tenantId, rest) => {
  const found = match(path);
  expect(found?.tenantId).toBe(tenantId);
  expect(found === null ? null : withoutPrefix(path, found)).toBe(rest);
});

test.each([
  '/t',
  '/t/',
  '/t//acme',
  '/T/acme',
  '/t/Acme',
  '/t/a_b',
  '/t/-a',
  '/tt/acme',
  '/x/t/acme',
  '/t/acme.json',
  `/t/${'a'.repeat(64)}`,
])('%s names no tenant', (path) => {
  expect(match(path)).toBeNull();
});

test.each([
  '/t/acme/../globex/x',
  '/t/acme/%2e%2e/globex',
  '/t/acme/%252e%252e/globex',
  '/t/acme/..%2fglobex',
  '/t/acme/..\\globex',
  '/t/acme/..;x=1/globex',
  '/t/acme/..',
  '/t/%61cme/x',
  '/%74/acme',
  '//t/acme',
  '/t//acme',
  '/./t/acme',
  '/t/./acme',
  '/x/../t/acme',
  '/t/acme;x=1/y',
  '/t\\acme',
  '/t%2facme',
])('%s is refused, because other programs read another tenant, or one at all', (path) => {
  expect(isAmbiguous(path, '/t/', match(path))).toBe(true);
});

test.each([
  '/t/acme/a%20b',
  '/t/acme/a/../b',
  '/t/acme//b',
  '/t/acme/.well-known/x',
  '/t/acme/x;y=1',
  '/a/../b',
  '/t/acme?x=/../globex',
])('%s is served, because it can be read in one way only', (path) => {
  expect(isAmbiguous(path, '/t/', match(path))).toBe(false);
});

test('no path reaches a tenant that it does not name once it is decoded and resolved', () => {
  const piece = fc.constantFrom('/', 't', 'acme', 'globex', '..', '.', '%2e', '%2f', '%74', '\\', ';', 'x', '?', '%25');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const path = `/${pieces.join('')}`;
      const found = match(path);
      if (isAmbiguous(path, '/t/', found)) return;
      const [raw = ''] = path.split('?', 1);
      const plain = new URL(`http://h${raw.replaceAll('//', '/')}`).pathname;
      expect(match(plain)?.tenantId ?? found?.tenantId).toBe(found?.tenantId);
    }),
  );
});

test.each([
  ['/t/', '/t/', true],
  ['/', '/t/', true],
  ['/t/', '/t/u/', true],
  ['/t/', '/u/', false],
  ['/', '/API/', false],
  ['/a/b/', '/a/c/', false],
])('%s and %s: could one path match both? %s', (one, other, result) => {
  expect([shadow(one, other), shadow(other, one)]).toEqual([result, result]);
});
