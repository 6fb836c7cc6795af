import { expect, test } from 'vitest';
import { configOf } from '../../src/local/service-manager.ts';

const execStart = (argv: string) => `{ path=/x ; argv[]=${argv} ; ignore_errors=no ; start_time=[n/a] }`;

test.each([
  ['/usr/local/bin/tenement serve -c /etc/t.toml', '/etc/t.toml'],
  ['/usr/bin/node /opt/tenement/bin/tenement.js serve --config=/etc/t.toml', '/etc/t.toml'],
  ['/usr/local/bin/ten --config t.toml serve', '/srv/app/t.toml'],
  ['/usr/local/bin/tenement serve', '/srv/app/tenement.toml'],
])('`%s` serves %s', (argv, file) => {
  expect(configOf({ Id: 'x.service', ExecStart: execStart(argv), WorkingDirectory: '!/srv/app' })).toBe(file);
});

test('the environment of a unit may name the config', () => {
  const unit = { ExecStart: execStart('/usr/local/bin/tenement serve'), Environment: 'TENEMENT_CONFIG=/etc/env.toml' };
  expect(configOf(unit)).toBe('/etc/env.toml');
});

test.each(['/usr/sbin/nginx -c /etc/nginx.conf', '/usr/local/bin/tenement check -c /etc/t.toml', ''])(
  '`%s` does not start a tenement server',
  (argv) => {
    expect(configOf({ ExecStart: execStart(argv) })).toBeNull();
  },
);
