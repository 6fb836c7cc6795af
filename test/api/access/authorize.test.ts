import { expect, test } from 'vitest';
import { needs, OPEN, routeEntries } from '../../../src/api/access/authorize.ts';
import { runningApi, runningOnSocket } from '../running.ts';

const handler = async () => {};

test('a route without a permission is a mistake that keeps the server from starting', () => {
  expect(() => routeEntries({ method: 'GET', url: '/api/new', handler })).toThrow(
    'GET /api/new declares no permission',
  );
});

test.each(['instance', 'tenant'] as const)(
  'a permission over the %s that the path does not name is a mistake',
  (over) => {
    const route = { method: 'GET', url: '/api/new/:id', handler, config: needs('read', over) };
    expect(() => routeEntries(route)).toThrow(`has no :${over}`);
  },
);

test('each method of a route is one entry', () => {
  expect(routeEntries({ method: ['GET', 'POST'], url: '/x', handler, config: OPEN })).toEqual([
    { method: 'GET', path: '/x', permission: 'open' },
    { method: 'POST', path: '/x', permission: 'open' },
  ]);
});

test("only health, the question of Caddy and the dashboard's files and its login are open", async () => {
  const { api } = await runningApi();
  const open = (await api.routes()).filter(({ permission }) => permission === 'open');
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /health',
    'HEAD /health',
    'GET /api/ask',
    'GET /login',
    'GET /',
    'HEAD /',
    'GET /assets/:file',
    'HEAD /assets/:file',
  ]);
});

test('routes that give away secrets, write files or read the config again are on the control socket alone', async () => {
  const paths = async (running: Promise<{ api: { routes(): Promise<readonly { path: string }[]> } }>) =>
    (await (await running).api.routes()).map(({ path }) => path);
  const onSocket = await paths(runningOnSocket());
  const overTcp = await paths(runningApi('token'));
  expect(onSocket.filter((path) => !overTcp.includes(path))).toEqual([
    '/api/config',
    '/api/config/reload',
    '/api/instances/:instance/exec',
    '/api/tenants/:tenant/export-into',
  ]);
});

test('a change is ascribed to the token, with the address of its caller', async () => {
  const { call, supervisor, tokenStore } = await runningApi('token');
  const { token } = await tokenStore.make();
  await call('/spawn/api/--id=acme', { headers: { authorization: `Bearer ${token}` } });
  expect(supervisor.actors).toEqual([{ name: 'ci', tokenId: 't1', address: '127.0.0.1' }]);
});

test('a change over the control socket is ascribed to the command line, one without a token to nobody', async () => {
  const local = await runningOnSocket();
  await local.call('/spawn/api/--id=acme');
  expect(local.supervisor.actors).toEqual([{ name: 'cli', tokenId: null, address: null }]);
  const open = await runningApi('none');
  await open.call('/spawn/api/--id=acme');
  expect(open.supervisor.actors).toEqual([{ name: 'anonymous', tokenId: null, address: '127.0.0.1' }]);
});
