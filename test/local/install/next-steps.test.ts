import { expect, test } from 'vitest';
import { nextSteps, type UnitStanding } from '../../../src/local/install/next-steps.ts';

const UNITS = '/etc/systemd/system';
const unit = (name: string, kind: UnitStanding['kind'], isOutdated = false) => ({
  path: `${UNITS}/${name}`,
  kind,
  isOutdated,
});
const service = (kind: UnitStanding['kind']) => unit('tenement.service', kind);
const proxy = (kind: UnitStanding['kind'], isOutdated = false) => unit('tenement-proxy.socket', kind, isOutdated);

test.each([
  ['nothing', [service('unchanged')], []],
  ['a new service', [service('new'), proxy('new')], ['systemctl enable --now tenement']],
  ['the service', [service('changed')], ['systemctl restart tenement.service']],
  ['a socket', [service('changed'), proxy('changed')], ['systemctl restart tenement.service tenement-proxy.socket']],
  [
    'a socket by an earlier run, which systemd has not opened',
    [service('unchanged'), proxy('unchanged', true)],
    ['systemctl restart tenement.service tenement-proxy.socket'],
  ],
  [
    'the service, with a new socket',
    [service('changed'), proxy('unchanged'), unit('tenement-tls.socket', 'new')],
    ['systemctl enable tenement', 'systemctl restart tenement.service tenement-tls.socket'],
  ],
  [
    'a socket that is gone',
    [proxy('removed')],
    ['systemctl restart tenement.service', 'systemctl stop tenement-proxy.socket'],
  ],
])('the next steps after a change of %s', (_what, standings, steps) => {
  expect(nextSteps(standings)).toEqual({ steps, later: [] });
});

test('a change of what holds the tenants waits until the operator ends them', () => {
  expect(nextSteps([service('unchanged'), unit('tenement-tenants.service', 'changed')])).toEqual({
    steps: [],
    later: ['systemctl restart tenement-tenants.service   # ends all tenants'],
  });
});
