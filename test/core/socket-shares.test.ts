import { expect, it } from 'vitest';
import { socketShares } from '../../src/core/service/socket-path.ts';

const SETTINGS = { dataDir: '/data', runtimeDir: '/run/tenement' };
const service = (name: string, socket: string) => ({ name, socket });

it('a server claims the whole of runtime_dir once', () => {
  const services = [
    service('a', '{runtime_dir}/{service}-{id}.sock'),
    service('b', '{runtime_dir}/{service}-{id}.sock'),
  ];
  expect(socketShares(services, SETTINGS)).toEqual([{ dir: '/run/tenement', part: null }]);
});

it('a service claims only the names of its sockets in another directory', () => {
  expect(socketShares([service('a', '/tmp/{name}-{id}.sock')], SETTINGS)).toEqual([
    { dir: '/tmp', part: 'a' },
    { dir: '/tmp', part: 'a-{id}.sock' },
  ]);
});

it('directories in data_dir, or one for each tenant, are not shared with other servers', () => {
  const sockets = ['{data_dir}/run/{id}.sock', '{tenant_dir}/s.sock', '/srv/{id}/s.sock'];
  expect(
    socketShares(
      sockets.map((socket, index) => service(`s${index}`, socket)),
      SETTINGS,
    ),
  ).toEqual([]);
  const below = { ...SETTINGS, runtimeDir: '/data/.tenement/run' };
  expect(socketShares([service('a', '{runtime_dir}/{id}.sock')], below)).toEqual([]);
});
