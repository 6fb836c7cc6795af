import { expect, test } from 'vitest';
import { applicable, diffConfigs, isEmptyDiff } from '../../../src/core/lifecycle/reconcile.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

const was = configOf(SERVICE, {});

test('the same config differs in nothing', () => {
  expect(isEmptyDiff(diffConfigs(was, configOf(SERVICE, {})))).toBe(true);
});

test('services that come and go are named', () => {
  const web = { ...SERVICE, name: 'web' };
  const is = {
    ...was,
    services: new Map([['web', web]]),
    instances: [{ service: 'web', tenantId: 'acme', start: true }],
  };
  expect(diffConfigs(was, is)).toMatchObject({
    added: ['web'],
    removed: ['api'],
    changed: [],
    instances: [{ service: 'web', tenantId: 'acme', start: true }],
  });
});

test('a service whose process would be started otherwise is restarted, another changes under it', () => {
  const env = configOf({ ...SERVICE, env: { LEVEL: 'debug' } }, {});
  expect(diffConfigs(was, env).changed).toEqual([{ name: 'api', keys: ['env'], restarts: true }]);
  const idle = configOf({ ...SERVICE, idleTimeoutMs: 1 }, {});
  expect(diffConfigs(was, idle).changed).toEqual([{ name: 'api', keys: ['idleTimeoutMs'], restarts: false }]);
});

test('settings, domains and aliases change at once', () => {
  const is = { ...configOf(SERVICE, { maxRunning: 1 }), aliases: new Map([['shop', 'acme']]) };
  expect(diffConfigs(was, { ...is, proxy: { ...is.proxy, domains: ['example.com'] } }).live).toEqual([
    'settings',
    'proxy',
    'routing',
  ]);
});

test('where it listens and where its data lie only a restart of the server changes, and that is kept as it was', () => {
  const is = configOf(SERVICE, { dataDir: '/elsewhere', maxRunning: 1 });
  const moved = { ...is, proxy: { ...is.proxy, listen: { host: '::1', port: 1 } } };
  expect(diffConfigs(was, moved)).toMatchObject({ needsRestart: ['settings.data_dir', 'proxy.listen'], changed: [] });
  expect(applicable(was, moved)).toMatchObject({
    settings: { dataDir: '/d', maxRunning: 1 },
    proxy: { listen: { host: '127.0.0.1' } },
  });
});
