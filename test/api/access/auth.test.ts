import { expect, test } from 'vitest';
import { runningApi, runningOnSocket } from '../running.ts';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test('every route but health needs a token when tokens are required', async () => {
  const { call, tokenStore } = await runningApi('token');
  const { token } = await tokenStore.make();
  expect((await call('/health')).text).toBe('{"status":"ok"}');
  for (const path of ['/api/instances', '/metrics', '/openapi.json', '/api/events', '/nowhere']) {
    const refused = await call(path);
    expect([path, refused.status, refused.headers['www-authenticate']]).toEqual([path, 401, 'Bearer']);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'unauthorized', status: 401 });
  }
  expect((await call('/api/instances', bearer(token))).status).toBe(200);
  expect((await call('/openapi.json', bearer(token))).status).toBe(200);
});

test.each(['Bearer wrong', 'Bearer ', 'Basic c2VjcmV0', 'secret-t1', ''])('%j is not a valid token', async (header) => {
  const { call, tokenStore } = await runningApi('token');
  await tokenStore.make();
  expect((await call('/api/instances', { headers: { authorization: header } })).status).toBe(401);
});

test('a revoked token stops working', async () => {
  const { call, tokenStore } = await runningApi('token');
  const { token, id } = await tokenStore.make();
  await tokenStore.revoke(id);
  expect((await call('/api/instances', bearer(token))).status).toBe(401);
});

test.each([
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { origin: 'https://127.0.0.1' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
])('a page of another site (%j) changes nothing', async (headers) => {
  const { call, supervisor } = await runningApi();
  supervisor.views.set('api:acme', (await supervisor.spawn('api', 'acme')).view);
  supervisor.calls.length = 0;
  const attempts = [
    await call('/api/instances/api:acme/stop', { method: 'POST', headers }),
    await call('/api/instances/api:acme', { method: 'DELETE', headers }),
    await call('/spawn/api/--id=evil', { headers }),
    await call('/spawn/api/--id%3Devil', { headers }),
    await call('/%73pawn/api/--id=evil', { headers }),
  ];
  expect(attempts.map((answer) => answer.status)).toEqual([403, 403, 403, 403, 403]);
  expect(JSON.parse(attempts[0]?.text ?? '')).toMatchObject({ code: 'forbidden_origin' });
  expect(supervisor.calls).toEqual([]);
});

test("a page of the API's own origin may change things", async () => {
  const { call, url } = await runningApi();
  const headers = { origin: url, 'sec-fetch-site': 'same-origin' };
  expect((await call('/spawn/api/--id=acme', { method: 'POST', headers })).status).toBe(201);
});

test('a foreign name that resolves to the API (DNS rebinding) neither reads nor writes', async () => {
  const { call, port } = await runningApi();
  const headers = { host: `evil.example:${port}` };
  expect((await call('/api/instances', { headers })).status).toBe(403);
  expect((await call('/spawn/api/--id=acme', { method: 'POST', headers })).status).toBe(403);
  expect((await call('/health', { headers })).status).toBe(200);
});

test('an API on loopback answers under each loopback name with its port', async () => {
  const { call, port } = await runningApi();
  const status = async (host: string) => (await call('/api/instances', { headers: { host } })).status;
  expect(await status(`localhost:${port}`)).toBe(200);
  expect(await status(`[::1]:${port}`)).toBe(200);
  expect(await status('localhost')).toBe(403);
  expect(await status(`192.0.2.1:${port}`)).toBe(403);
});

test('an API on every interface answers under any address literal', async () => {
  const { call, port } = await runningApi('none', '0.0.0.0');
  const status = async (host: string) => (await call('/api/instances', { headers: { host } })).status;
  expect(await status(`192.0.2.1:${port}`)).toBe(200);
  expect(await status(`localhost:${port}`)).toBe(200);
  expect(await status(`evil.example:${port}`)).toBe(403);
});

test('the control socket asks for neither token nor Host, but refuses pages', async () => {
  const { call } = await runningOnSocket();
  expect((await call('/api/instances', { headers: { host: 'whatever' } })).status).toBe(200);
  expect((await call('/spawn/api/--id=a', { headers: { origin: 'http://evil.example' } })).status).toBe(403);
});
