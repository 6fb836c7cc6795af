import { expect, test } from 'vitest';
import { launchSpecFor } from '../../../src/process/launch/launch-spec.ts';
import { makeBench } from '../support.ts';

const PLACES = { port: null, tmpDir: '/t', secretsDir: null };

test('{host} and {url} are those of the tenant', () => {
  const { request, settings } = makeBench();
  const spec = launchSpecFor(
    request({ command: ['app', '{host}'], env: { BASE_URL: '{url}/' } }),
    { settings },
    PLACES,
  );
  expect(spec.args).toEqual(['acme.localhost']);
  expect(spec.env['BASE_URL']).toBe('http://acme.localhost:8080/');
});

test("a tenant of a server under npm has the user's PATH, without the programs of packages", () => {
  const { request, settings } = makeBench();
  const baseEnv = { PATH: '/checkout/node_modules/.bin:/opt/node/bin:/usr/bin', npm_command: 'exec' };
  const { env } = launchSpecFor(request(), { settings, baseEnv }, PLACES);
  expect(env['PATH']).toBe('/opt/node/bin:/usr/bin');
});
