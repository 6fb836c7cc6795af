import { expect, test } from 'vitest';
import { applicable, diffConfigs, isEmptyDiff } from '../../../src/core/lifecycle/reconcile.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

const was = configOf(SERVICE, {});

test('equal configs have no difference', () => {
  expect(isEmptyDiff(diffConfigs(was, configOf(SERVICE, {})))).toBe(true);
});

test('added and removed services are named', () => {
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

test('a service whose process would start differently is restarted, and others change without a restart', () => {
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

test('listen addresses and data directories change only with a restart of the server, and stay until then', () => {
  const is = configOf(SERVICE, { dataDir: '/elsewhere', maxRunning: 1 });
  const moved = { ...is, proxy: { ...is.proxy, listen: { host: '::1', port: 1 } } };
  expect(diffConfigs(was, moved)).toMatchObject({ needsRestart: ['settings.data_dir', 'proxy.listen'], changed: [] });
  expect(applicable(was, moved)).toMatchObject({
    settings: { dataDir: '/d', maxRunning: 1 },
    proxy: { listen: { host: '127.0.0.1' } },
  });
});
