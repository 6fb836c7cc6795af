import { expect, test } from 'vitest';
import { nextSteps } from '../../../src/local/install/next-steps.ts';

const START = 'systemctl enable --now tenement';
const SERVICE = { path: '/etc/systemd/system/tenement.service', kind: 'changed' } as const;
const TENANTS = { path: '/etc/systemd/system/tenement-tenants.service', kind: 'changed' } as const;
const SOCKET = { path: '/etc/systemd/system/tenement-proxy.socket', kind: 'changed' } as const;

test.each([
  ['nothing', [{ ...SERVICE, kind: 'unchanged' } as const], []],
  ['a new service', [{ ...SERVICE, kind: 'new' } as const, { ...SOCKET, kind: 'new' } as const], [START]],
  ['the service', [SERVICE], ['systemctl restart tenement']],
  ['a socket', [SERVICE, SOCKET], ['systemctl stop tenement.service tenement-proxy.socket', START]],
  [
    'a socket that is gone',
    [{ ...SOCKET, kind: 'removed' } as const],
    ['systemctl stop tenement.service tenement-proxy.socket', START],
  ],
  [
    'what holds the tenants',
    [SERVICE, TENANTS],
    ['systemctl stop tenement.service tenement-tenants.service   # ends all tenants', START],
  ],
])('the next steps after a change of %s', (_what, changes, steps) => {
  expect(nextSteps(changes)).toEqual(steps);
});
