import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandOf, environmentOf, parseShow, serviceUnit, unitSocket } from '../../../src/process/systemd/show.ts';
import { SHIPPED_UNIT } from '../../fixtures/service-unit.ts';

// The output of systemd 252, and one line of 257.
const TWO = `User=
KillMode=mixed
Delegate=no
RuntimeDirectory=
RuntimeDirectoryPreserve=no
PrivateTmp=no
LimitNOFILE=524288
Environment=
WorkingDirectory=
ExecStart={ path=/usr/local/bin/tenement ; argv[]=/usr/local/bin/tenement serve -c /etc/tenement/tenement.toml ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Id=tenement.service

User=web
KillMode=process
Delegate=yes
DelegateSubgroup=server
RuntimeDirectory=web web/a:link
RuntimeDirectoryPreserve=restart
PrivateTmp=disconnected
LimitNOFILE=infinity
Environment=PATH=/opt/node/bin:/usr/bin "NOTE=two words"
Id=web.service
`;

test('the output of systemctl show becomes units', () => {
  const units = parseShow(TWO).map((properties) => serviceUnit(properties, '/run'));
  expect(units).toEqual([
    SHIPPED_UNIT,
    {
      name: 'web.service',
      user: 'web',
      killMode: 'process',
      delegated: true,
      subgroup: 'server',
      runtimeDirs: ['/run/web', '/run/web/a'],
      keepsRuntimeDirs: 'restart',
      privateTmp: true,
      sockets: [],
      // The limit of open files of the shell that asks is irrelevant.
      nofileLimit: Number(readFileSync('/proc/sys/fs/nr_open', 'latin1')),
      path: '/opt/node/bin:/usr/bin',
    },
  ]);
});

test('the command and environment of a unit are read', () => {
  const [first = {}, second = {}] = parseShow(TWO);
  expect(commandOf(first)).toEqual(['/usr/local/bin/tenement', 'serve', '-c', '/etc/tenement/tenement.toml']);
  expect(commandOf(second)).toEqual([]);
  expect(environmentOf(second)).toEqual({ PATH: '/opt/node/bin:/usr/bin', NOTE: 'two words' });
});

test('the addresses of a socket are read, and paths are left out', () => {
  const output = `Id=tenement-proxy.socket
FileDescriptorName=proxy
Listen=0.0.0.0:80 (Stream)
Listen=[2001:db8::1]:80 (Stream)
Listen=/run/tenement/proxy.sock (Stream)
`;
  expect(unitSocket(output)).toEqual({
    name: 'proxy',
    listens: [
      { host: '0.0.0.0', port: 80 },
      { host: '2001:db8::1', port: 80 },
    ],
  });
});

test('invalid output becomes no unit', () => {
  expect(parseShow('')).toEqual([]);
  expect(parseShow('System has not been booted with systemd\n')).toEqual([]);
});
