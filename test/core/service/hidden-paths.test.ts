import { expect, test } from 'vitest';
import { hiddenPaths } from '../../../src/core/service/hidden-paths.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

const TARGET = { url: 'https://a.example.com/', events: null, secretFile: '/etc/tenement/secret', allowPrivate: false };

test('the config and the secrets of receivers are hidden from every tenant', () => {
  const config = { ...configOf(SERVICE, {}), notify: [TARGET, { ...TARGET, secretFile: null }] };
  const { files } = hiddenPaths({ ...config, services: config.services.values() }, 1000);
  expect(files).toEqual([config.file, '/etc/tenement/secret']);
});
