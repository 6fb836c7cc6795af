import { expect, test } from 'vitest';
import { covers, parseScope, scopeText } from '../../../src/core/access/scope.ts';

test.each(['admin', 'service:api', 'tenant:acme'])('%s is read and written alike', (text) => {
  expect(scopeText(parseScope(text))).toBe(text);
});

test.each([
  ['root', '"root" is no scope', 'service:NAME'],
  ['', '"" is no scope', 'admin'],
  ['tenants:acme', 'is no scope', 'tenant:ID'],
  ['admin:acme', 'is no scope', 'admin'],
  ['service:', '"" is no name of a service', 'service:api'],
  ['tenant:ACME', '"ACME" is no tenant id', 'tenant:acme'],
  ['tenant:../x', 'is no tenant id', 'tenant:acme'],
  ['tenant:a\nb', 'is no tenant id', 'tenant:acme'],
])('%j is refused, with what to write instead', (text, message, hint) => {
  expect(() => parseScope(text)).toThrow(
    expect.objectContaining({
      code: 'bad_input',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test('a service covers its instances of every tenant, a tenant its instances of every service', () => {
  const instances = ['api:acme', 'api:globex', 'web:acme'].map((text) => {
    const [service = '', tenantId = ''] = text.split(':');
    return { text, service, tenantId };
  });
  const covered = (scope: string) => instances.filter((one) => covers(parseScope(scope), one)).map(({ text }) => text);
  expect(covered('service:api')).toEqual(['api:acme', 'api:globex']);
  expect(covered('tenant:acme')).toEqual(['api:acme', 'web:acme']);
  expect(covered('admin')).toHaveLength(3);
});

test('what belongs to no service or tenant is for admins alone', () => {
  const server = { service: null, tenantId: null };
  expect(['admin', 'service:api', 'tenant:acme'].map((scope) => covers(parseScope(scope), server))).toEqual([
    true,
    false,
    false,
  ]);
});
