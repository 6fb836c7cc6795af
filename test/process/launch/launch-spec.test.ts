import { expect, test } from 'vitest';
import { launchSpecFor } from '../../../src/process/launch/launch-spec.ts';
import { makeBench } from '../support.ts';

test('{host} and {url} are those of the tenant', () => {
  const { request, settings } = makeBench();
  const spec = launchSpecFor(
    request({ command: ['app', '{host}'], env: { BASE_URL: '{url}/' } }),
    { settings },
    null,
    '/t',
  );
  expect(spec.args).toEqual(['acme.localhost']);
  expect(spec.env['BASE_URL']).toBe('http://acme.localhost:8080/');
});

test("a tenant of a server under npm has the user's PATH, without the programs of packages", () => {
  const { request, settings } = makeBench();
  const baseEnv = { PATH: '/checkout/node_modules/.bin:/opt/node/bin:/usr/bin', npm_command: 'exec' };
  const { env } = launchSpecFor(request(), { settings, baseEnv }, null, '/t');
  expect(env['PATH']).toBe('/opt/node/bin:/usr/bin');
});
