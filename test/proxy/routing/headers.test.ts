import { expect, test } from 'vitest';
import {
  type ForwardedBy,
  hasBody,
  hasHeader,
  hasUnclearLength,
  isEventStream,
  requestHeaders,
  responseHeaders,
} from '../../../src/proxy/routing/headers.ts';

const BY: ForwardedBy = {
  peer: '192.0.2.1',
  trusted: false,
  host: 'acme.localhost',
  requestId: 'r1',
  proto: 'http',
  tenantId: 'acme',
};
const ADDED = [
  ...['X-Forwarded-For', '192.0.2.1', 'X-Forwarded-Proto', 'http', 'X-Forwarded-Host', 'acme.localhost'],
  ...['X-Request-Id', 'r1', 'X-Tenant-Id', 'acme'],
];

test('headers keep order, case and number, and the tenant learns the client', () => {
  const raw = ['Host', 'acme.localhost', 'X-A', '1', 'x-a', '2', 'Cookie', 'a=b'];
  expect(requestHeaders(raw, BY)).toEqual([...raw, ...ADDED]);
});

test.each([
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'Proxy-Authorization',
  'Proxy-Authenticate',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Expect',
])('%s is for this hop and goes no further', (name) => {
  expect(requestHeaders([name, 'x', name.toLowerCase(), 'y'], BY)).toEqual(ADDED);
});

test('fields that Connection names are dropped, except those that the message needs', () => {
  const raw = ['Connection', 'close, X-Secret', 'connection', 'x-other,Host', 'X-Secret', '1', 'X-OTHER', '2'];
  expect(requestHeaders([...raw, 'Host', 'h'], BY)).toEqual(['Host', 'h', ...ADDED]);
});

test.each([
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Port',
  'Forwarded',
  'X-Request-Id',
  'X-Tenant-Id',
  'X_Tenant_Id',
  'x-tenant_id',
  'X_Forwarded_For',
])('a forged %s is dropped', (name) => {
  expect(requestHeaders([name, 'forged'], BY)).toEqual(ADDED);
});

test('a trusted proxy may name its client, but not the tenant', () => {
  const raw = ['X-Forwarded-For', '203.0.113.9', 'X-Forwarded-Proto', 'https', 'X-Tenant-Id', 'beta'];
  expect(
    requestHeaders([...raw, 'X-Forwarded-Host', 'shop.example', 'Forwarded', 'for=x'], { ...BY, trusted: true }),
  ).toEqual([
    ...['X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'shop.example', 'Forwarded', 'for=x'],
    ...['X-Forwarded-For', '203.0.113.9, 192.0.2.1', 'X-Request-Id', 'r1', 'X-Tenant-Id', 'acme'],
  ]);
});

test('fields that Connection names are dropped in every spelling', () => {
  expect(requestHeaders(['Connection', 'x_hop, x.other', 'X_Hop', '1', 'X-Hop', '2', 'X_Other', '3'], BY)).toEqual(
    ADDED,
  );
});

test('another spelling of a field is not trusted even from a trusted proxy', () => {
  const raw = ['X_Forwarded_For', '6.6.6.6', 'X.Forwarded.User', 'root', 'X_Real_IP', '6.6.6.6', 'Proxy', 'evil'];
  expect(requestHeaders(raw, { ...BY, trusted: true })).toEqual(ADDED);
});

test('a response keeps repeated headers and loses those of its hop', () => {
  const raw = [
    'Set-Cookie',
    'a',
    'Connection',
    'X-Hop',
    'X-Hop',
    '1',
    'Transfer-Encoding',
    'chunked',
    'Set-Cookie',
    'b',
  ];
  expect(responseHeaders(raw, null)).toEqual(['Set-Cookie', 'a', 'Set-Cookie', 'b']);
  expect(responseHeaders([], 41.24)).toEqual(['Server-Timing', 'wake;dur=41.2']);
});

test.each([
  [['Content-Length', '1', 'Transfer-Encoding', 'chunked'], true],
  [['Content-Length', '1', 'content-length', '1'], true],
  [['Transfer-Encoding', 'gzip, chunked'], true],
  [['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'], true],
  [['Transfer-Encoding', 'Chunked'], false],
  [['Content-Length', '1'], false],
  [[], false],
])('whether the end of %j is unclear: %s', (raw, unclear) => {
  expect(hasUnclearLength(raw)).toBe(unclear);
});

test('a body is announced by a length over 0 or a transfer coding', () => {
  expect(hasBody([])).toBe(false);
  expect(hasBody(['Content-Length', '0'])).toBe(false);
  expect(hasBody(['content-length', '5'])).toBe(true);
  expect(hasBody(['Transfer-Encoding', 'chunked'])).toBe(true);
});

test('an event stream is known by its type, whatever its case and parameters', () => {
  expect(isEventStream(['CONTENT-TYPE', 'Text/Event-Stream; charset=utf-8'])).toBe(true);
  expect(isEventStream(['Content-Type', 'text/html'])).toBe(false);
});

test('a header is found by its name in any case, and only among names', () => {
  expect(hasHeader(['X-A', 'date', 'DATE', 'now'], 'date')).toBe(true);
  expect(hasHeader(['X-A', 'date', 'Dates', 'now'], 'date')).toBe(false);
});

test("a tenant does not get the dashboard's session, which browsers send to every port of a host", () => {
  const raw = [
    'Host',
    'acme.localhost',
    'Cookie',
    'a=b; tenement_session_8000=secret',
    'cookie',
    'tenement_session_8000=x',
  ];
  expect(requestHeaders(raw, BY)).toEqual(['Host', 'acme.localhost', 'Cookie', 'a=b', ...ADDED]);
});
