import { expect, test } from 'vitest';
import { TENANTS_CGROUP, UNIT_MARK, type UnitOptions, unitFiles } from '../../../src/core/service/unit-files.ts';

const OPTIONS: UnitOptions = {
  program: ['/usr/bin/tenement'],
  programDir: null,
  configFile: '/etc/tenement/tenement.toml',
  dataDir: '/var/lib/tenement',
  runtimeDir: '/run/tenement',
  user: null,
  sockets: { proxy: '0.0.0.0:80', api: '127.0.0.1:8000' },
};

function textOf(name: string, changes: Partial<UnitOptions> = {}): string {
  return unitFiles({ ...OPTIONS, ...changes }).find((unit) => unit.name === name)?.text ?? '';
}

const linesOf = (name: string, changes?: Partial<UnitOptions>) => textOf(name, changes).split('\n');

test('there is a service, one for the tenants, and a socket for each address', () => {
  const units = unitFiles(OPTIONS);
  expect(units.map(({ name }) => name)).toEqual([
    'tenement.service',
    'tenement-tenants.service',
    'tenement-proxy.socket',
    'tenement-api.socket',
  ]);
  for (const { text } of units) expect(text.startsWith(`${UNIT_MARK}\n`)).toBe(true);
});

test('a socket belongs to the service, which starts and is enabled with it', () => {
  expect(linesOf('tenement-proxy.socket')).toEqual(
    expect.arrayContaining(['ListenStream=0.0.0.0:80', 'FileDescriptorName=proxy', 'Service=tenement.service']),
  );
  expect(linesOf('tenement.service')).toEqual(
    expect.arrayContaining([
      'Sockets=tenement-proxy.socket tenement-api.socket',
      'Also=tenement-proxy.socket tenement-api.socket',
    ]),
  );
  expect(textOf('tenement.service', { sockets: {} })).not.toMatch(/Sockets=|Also=/);
});

test('tenants are in the cgroup that the config names, and a restart leaves it alone', () => {
  expect(TENANTS_CGROUP).toBe('/sys/fs/cgroup/tenement.slice/tenement-tenants.service');
  expect(linesOf('tenement-tenants.service')).toEqual(expect.arrayContaining(['Slice=tenement.slice', 'Delegate=yes']));
});

test('another user than root owns what it needs of the slice', () => {
  const user = { user: 'tenement' };
  expect(linesOf('tenement.service', user)).toContain('User=tenement');
  expect(linesOf('tenement-tenants.service', user)).toEqual(
    expect.arrayContaining([
      'User=tenement',
      'ExecStartPre=+/bin/chown tenement /sys/fs/cgroup/tenement.slice/cgroup.procs',
    ]),
  );
});

test('systemd makes the directories that are its to make', () => {
  const elsewhere = { dataDir: '/srv/data', runtimeDir: '/srv/data/.tenement/run' };
  expect(linesOf('tenement.service')).toContain('StateDirectory=tenement');
  expect(linesOf('tenement-tenants.service')).toContain('RuntimeDirectory=tenement');
  expect(textOf('tenement.service', elsewhere)).not.toContain('StateDirectory');
  expect(textOf('tenement-tenants.service', elsewhere)).not.toContain('RuntimeDirectory');
});

test('words of commands are quoted as systemd reads them', () => {
  const [line] = linesOf('tenement.service', {
    program: ['/opt/my node/bin/node', '/opt/100%/tenement.js'],
    configFile: '/srv/a "b"/$x.toml',
  }).filter((one) => one.startsWith('ExecStart='));
  expect(line).toBe('ExecStart="/opt/my node/bin/node" /opt/100%%/tenement.js serve -c "/srv/a \\"b\\"/$$x.toml"');
});

test('a directory with programs for tenants precedes the default PATH', () => {
  expect(textOf('tenement.service', { programDir: '/opt/node/bin' })).toMatch(
    /^Environment=PATH=\/opt\/node\/bin:\/usr/m,
  );
});
