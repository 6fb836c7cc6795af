import { expect, test } from 'vitest';
import { ownUnit, unitIn } from '../../../src/process/systemd/own-unit.ts';

test.each([
  ['a service', '0::/system.slice/tenement.service\n', 'tenement.service', 'system'],
  ['a cgroup below it', '0::/tenement.slice/tenement.service/tenement-server\n', 'tenement.service', 'system'],
  ['a user’s', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n', 'web.service', 'user'],
  [
    'beside version 1',
    '5:memory:/x.service\n1:name=systemd:/system.slice/web.service\n0::/\n',
    'web.service',
    'system',
  ],
])('%s is found', (_case, text, name, manager) => {
  expect(unitIn(text)).toEqual({ name, manager });
});

test.each([
  ['a login', '0::/user.slice/user-1000.slice/session-3.scope\n'],
  ['a terminal', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n'],
  ['a container', '0::/\n'],
  ['a container of Docker’s', '0::/system.slice/docker-3f.scope\n'],
  ['a manager', '0::/user.slice/user-1000.slice/user@1000.service\n'],
])('%s is none', (_case, text) => {
  expect(unitIn(text)).toBeNull();
});

test('a process that systemd did not start is in no unit', () => {
  expect(ownUnit({})).toBeNull();
});
