import { expect, test } from 'vitest';
import { assertReplacements, missingPrograms } from '../../src/config/programs.ts';
import type { ServiceConfig } from '../../src/core/service/service.ts';
import { configOf, SERVICE } from '../supervisor/fakes.ts';

const env = { PATH: '/usr/bin:/bin' };
const running = (...command: string[]) => configOf({ ...SERVICE, command }, {});
const missing = (service: Partial<ServiceConfig>) =>
  missingPrograms(configOf({ ...SERVICE, ...service }, {}), env).length > 0;

test('a program that is not found in the place of one that is there is refused, by name', () => {
  expect(() => assertReplacements(running('sh'), running('shh'), env)).toThrow(
    expect.objectContaining({ code: 'bad_config', message: 'service.api.command: shh was not found on PATH' }),
  );
});

test('one that was missing before, and one of a new service, keep nothing from being taken over', () => {
  expect(() => assertReplacements(running('shh'), running('shhh'), env)).not.toThrow();
  const none = { ...running('sh'), services: new Map() };
  expect(() => assertReplacements(none, running('shh'), env)).not.toThrow();
});

test('the PATH of the service counts, and what differs between tenants is not judged', () => {
  expect(missing({ command: ['sh'], env: { PATH: '/nowhere' } })).toBe(true);
  expect(missing({ command: ['sh'], env: { PATH: '{tenant_dir}/bin' } })).toBe(false);
  expect(missing({ command: ['{tenant_dir}/run'] })).toBe(false);
  expect(missing({ command: ['./run'], workdir: '/srv/{id}' })).toBe(false);
  expect(missing({ command: ['./run'], workdir: '/nowhere' })).toBe(true);
});

test('a directory of the name of a program is no program (bug: it counted as one)', () => {
  const [dir, program] = ['/usr', 'share'];
  expect(missing({ command: [program], env: { PATH: dir } })).toBe(true);
});
