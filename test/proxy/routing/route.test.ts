import { expect, test } from 'vitest';
import { RoutingIndex } from '../../../src/core/routing/routing-index.ts';
import { routeRequest } from '../../../src/proxy/routing/route.ts';
import { TABLE } from '../support.ts';

const INDEX = new RoutingIndex(TABLE);
const REGISTERED = new Set(['web:acme', 'api:acme', 'web:beta']);
const route = (host: string | string[], url = '/') => {
  const rawHeaders = [host].flat().flatMap((value) => ['Host', value]);
  return routeRequest({ url, rawHeaders }, INDEX, (instance) => REGISTERED.has(instance));
};

test.each([
  ['acme.localhost', 'web:acme'],
  ['ACME.LocalHost', 'web:acme'],
  ['acme.localhost:8080', 'web:acme'],
  ['acme.localhost.', 'web:acme'],
  ['acme.localhost.:8080', 'web:acme'],
  ['shop.localhost', 'web:acme'],
  ['acme.api.localhost', 'api:acme'],
  ['shop.api.localhost', 'api:acme'],
])('%s is for %s, and is kept as received', (host, instance) => {
  expect(route(host, '/x?y')).toEqual({ instance, path: '/x?y', host });
});

test.each([
  'localhost',
  'nobody.localhost',
  'beta.api.localhost',
  'acme.other.localhost',
  'acme.example.com',
  '127.0.0.1:80',
  '[::1]:80',
  '..localhost',
  '.localhost',
  'acme..localhost',
  '-acme.localhost',
  `${'a'.repeat(300)}.localhost`,
])('%s is a host that names nobody', (host) => {
  expect(route(host)).toEqual({ refused: 'unknown_tenant' });
});

test.each([
  '',
  'acme localhost',
  'acme/localhost',
  'user@acme.localhost',
  'acme.localhost:x',
  '../acme',
  'äcme.localhost',
])('"%s" is no host', (host) => {
  expect(route(host)).toEqual({ refused: 'bad_host' });
});

test('no Host and two Hosts are refused', () => {
  expect(route([])).toEqual({ refused: 'bad_host' });
  expect(route(['acme.localhost', 'acme.localhost'])).toEqual({ refused: 'bad_host' });
});

test('an absolute target must name the Host, and is forwarded in origin form', () => {
  expect(route('acme.localhost', 'http://ACME.localhost/a?b')).toMatchObject({ path: '/a?b' });
  expect(route('acme.localhost', 'http://acme.localhost')).toMatchObject({ path: '/' });
  expect(route('acme.localhost', 'http://acme.localhost?q')).toMatchObject({ path: '/?q' });
  expect(route('acme.localhost', 'http://beta.localhost/')).toEqual({ refused: 'bad_host' });
  expect(route('acme.localhost', '*')).toEqual({ refused: 'bad_request' });
});
