import { expect, test } from 'vitest';
import { hiddenPaths } from '../../../src/core/service/hidden-paths.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

const TARGET = { url: 'https://a.example.com/', events: null, secretFile: '/etc/tenement/secret', allowPrivate: false };

test('the config and the secrets of receivers are hidden from every tenant', () => {
  const config = { ...configOf(SERVICE, {}), notify: [TARGET, { ...TARGET, secretFile: null }] };
  const { files } = hiddenPaths({ ...config, services: config.services.values() }, 1000);
  expect(files).toEqual([config.file, '/etc/tenement/secret']);
});

test('the secret that signs tokens is hidden from every tenant, and public keys need not be', () => {
  const rules = { issuers: [], audiences: [], cookie: null };
  const filesWith = (kind: 'secret' | 'file') => {
    const config = { ...configOf(SERVICE, {}), jwt: { ...rules, keys: { kind, path: '/etc/tenement/keys' } } };
    return hiddenPaths({ ...config, services: config.services.values() }, 1000).files;
  };
  expect(filesWith('secret')).toContain('/etc/tenement/keys');
  expect(filesWith('file')).not.toContain('/etc/tenement/keys');
});
