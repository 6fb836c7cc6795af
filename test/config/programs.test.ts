import { expect, test } from 'vitest';
import { assertReplacements, missingPrograms } from '../../src/config/programs.ts';
import type { ServiceConfig } from '../../src/core/service/service.ts';
import { configOf, SERVICE } from '../supervisor/fakes.ts';

const env = { PATH: '/usr/bin:/bin' };
const running = (...command: string[]) => configOf({ ...SERVICE, command }, {});
const missing = (service: Partial<ServiceConfig>) =>
  missingPrograms(configOf({ ...SERVICE, ...service }, {}), env).length > 0;

test('a reload that replaces an existing program by a missing one is refused by name', () => {
  expect(() => assertReplacements(running('sh'), running('shh'), env)).toThrow(
    expect.objectContaining({ code: 'bad_config', message: 'service.api.command: shh was not found on PATH' }),
  );
});

test('a program that was missing before, or belongs to a new service, does not prevent a reload', () => {
  expect(() => assertReplacements(running('shh'), running('shhh'), env)).not.toThrow();
  const none = { ...running('sh'), services: new Map() };
  expect(() => assertReplacements(none, running('shh'), env)).not.toThrow();
});

test("the check uses the service's PATH, and skips what differs between tenants", () => {
  expect(missing({ command: ['sh'], env: { PATH: '/nowhere' } })).toBe(true);
  expect(missing({ command: ['sh'], env: { PATH: '{tenant_dir}/bin' } })).toBe(false);
  expect(missing({ command: ['{tenant_dir}/run'] })).toBe(false);
  expect(missing({ command: ['./run'], workdir: '/srv/{id}' })).toBe(false);
  expect(missing({ command: ['./run'], workdir: '/nowhere' })).toBe(true);
});

test("a directory with a program's name is no program (bug: it counted as one)", () => {
  const [dir, program] = ['/usr', 'share'];
  expect(missing({ command: [program], env: { PATH: dir } })).toBe(true);
});

test('the check names the programs of hooks that are missing', () => {
  const commands = { create: ['hooks/none'], destroy: ['sh'], rotate: ['{id}/x'], measure: ['nonesuch'] };
  const hooks = [{ name: 'db', commands, timeoutMs: 1, inheritEnv: [], env: {} }];
  expect(missingPrograms(configOf({ ...SERVICE, command: ['sh'], hooks }, {}), env)).toEqual([
    'service.api.provision db: create: hooks/none was not found',
    'service.api.provision db: measure: nonesuch was not found on PATH',
  ]);
});
