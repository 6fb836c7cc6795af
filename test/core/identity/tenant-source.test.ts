import { expect, test } from 'vitest';
import {
  isHostOnly,
  parseTenantSource,
  sourceText,
  type TenantSource,
} from '../../../src/core/identity/tenant-source.ts';

test.each<[string, TenantSource]>([
  ['host', { kind: 'host' }],
  ['path:/t/{tenant}', { kind: 'path', prefix: '/t/' }],
  ['path:/{tenant}', { kind: 'path', prefix: '/' }],
  ['path:/api/v1.2/{tenant}', { kind: 'path', prefix: '/api/v1.2/' }],
  ['header:X-Tenant-Id', { kind: 'header', name: 'x-tenant-id' }],
  ['jwt:tenant_id,tenantId', { kind: 'jwt', claims: ['tenant_id', 'tenantId'] }],
  ['jwt:tenant_id, tenantId,tenant_id', { kind: 'jwt', claims: ['tenant_id', 'tenantId'] }],
  ['jwt:https://example.com/tenant', { kind: 'jwt', claims: ['https://example.com/tenant'] }],
])('%s is a source', (text, source) => {
  expect(parseTenantSource(text)).toEqual(source);
});

test.each([
  ['cookie:tenant', /^expected "host", "path:\/t\/\{tenant\}", "header:X-Tenant-Id" or "jwt:tenant_id"/],
  ['', /^expected "host"/],
  ['Host', /^expected "host"/],
  ['host:acme', /"host" alone/],
  ['path:/t', /with \{tenant\} at its end, like "path:\/t\/\{tenant\}"/],
  ['path', /with \{tenant\} at its end/],
  ['path:/t/{id}', /with \{tenant\} at its end/],
  ['path:/t/{tenant}/app', /ends with \{tenant\}/],
  ['path:t/{tenant}', /from \//],
  ['path:/t-{tenant}', /between slashes/],
  ['path://{tenant}', /between slashes/],
  ['path:/../{tenant}', /between slashes/],
  ['path:/%74/{tenant}', /between slashes/],
  ['path:/a b/{tenant}', /between slashes/],
  ['header', /the name of a header field/],
  ['header:X Tenant', /the name of a header field/],
  ['header:X_Tenant_Id', /the name of a header field/],
  ['header:X-Tenant:', /the name of a header field/],
  ['header:Host', /has another meaning/],
  ['header:authorization', /has another meaning/],
  ['header:X-Forwarded-Host', /has another meaning/],
  ['jwt', /"jwt:tenant_id", or several/],
  ['jwt:', /"jwt:tenant_id", or several/],
  ['jwt:a,,b', /"jwt:tenant_id", or several/],
])('%j is none, and the message says what to write', (text, message) => {
  expect(parseTenantSource(text)).toMatch(message);
});

test('a source is written as in the config', () => {
  const texts = ['host', 'path:/t/{tenant}', 'header:x-tenant-id', 'jwt:tenant_id,tenantId'];
  expect(texts.map((text) => sourceText(parseTenantSource(text) as TenantSource))).toEqual(texts);
});

test('only the host is the default', () => {
  expect(isHostOnly({ sources: [{ kind: 'host' }], onMismatch: 'refuse' })).toBe(true);
  expect(isHostOnly({ sources: [{ kind: 'host' }, { kind: 'path', prefix: '/t/' }], onMismatch: 'refuse' })).toBe(
    false,
  );
});
