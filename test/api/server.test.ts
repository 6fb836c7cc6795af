import { statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createApi } from '../../src/api/server.ts';
import { TenementError } from '../../src/errors.ts';
import { silentLogger } from '../../src/logger.ts';
import { CRASHED, fakeDeps } from './fakes.ts';
import { post, runningApi, runningOnSocket } from './running.ts';

test('spawning answers 201 with the instance when it is new, 200 when it was there', async () => {
  const { call, supervisor } = await runningApi();
  const body = { service: 'api', id: 'acme', env: { A: '1' }, wait: false };
  const first = await call('/api/instances', post(body));
  expect(first.status).toBe(201);
  expect(first.headers['content-type']).toMatch(/^application\/json/);
  expect(JSON.parse(first.text)).toEqual(supervisor.get('api:acme'));
  expect((await call('/api/instances', post(body))).status).toBe(200);
  expect(supervisor.calls[0]).toEqual(['spawn', 'api', 'acme', { env: { A: '1' }, wait: false }]);
});

test('spawning answers 502 with the instance when the awaited start fails (bug: 201)', async () => {
  const { call, supervisor } = await runningApi();
  supervisor.started = CRASHED;
  const body = { service: 'api', id: 'acme' };
  for (const answer of [await call('/api/instances', post(body)), await call('/spawn/api/--id=acme')]) {
    expect([answer.status, JSON.parse(answer.text)]).toEqual([502, supervisor.get('api:acme')]);
  }
  expect((await call('/api/instances', post({ ...body, wait: false }))).status).toBe(200);
  expect((await call('/api/instances', post({ ...body, id: 'b', start: false }))).status).toBe(201);
});

test.each(['GET', 'POST'])('the one-line form spawns with %s, encoded or not', async (method) => {
  const { call, supervisor } = await runningApi();
  expect((await call('/spawn/api/--id=acme', { method })).status).toBe(201);
  expect((await call('/spawn/api/--id%3Dacme', { method })).status).toBe(200);
  expect((await call('/spawn/api/%2D%2Did=acme', { method })).status).toBe(200);
  expect((await call('/spawn/api/--id=b?start=false', { method })).status).toBe(201);
  expect(supervisor.calls.at(-1)).toEqual(['spawn', 'api', 'b', { start: false, wait: undefined }]);
  expect((await call('/spawn/api/acme', { method })).status).toBe(404);
});

test('each verb answers with the instance as the verb left it', async () => {
  const { call } = await runningApi();
  await call('/spawn/api/--id=acme');
  for (const [verb, state] of Object.entries({ stop: 'stopped', start: 'ready', sleep: 'asleep', restart: 'ready' })) {
    const answer = await call(`/api/instances/api:acme/${verb}`, { method: 'POST' });
    expect([verb, answer.status, JSON.parse(answer.text).state]).toEqual([verb, 200, state]);
  }
  const encoded = await call('/api/instances/api%3Aacme');
  expect(JSON.parse(encoded.text).instance).toBe('api:acme');
  expect(JSON.parse((await call('/api/instances')).text).instances).toHaveLength(1);
});

test('start passes wait on', async () => {
  const { call, supervisor } = await runningApi();
  await call('/spawn/api/--id=acme');
  await call('/api/instances/api:acme/start', post({ wait: false }));
  expect(supervisor.calls.at(-1)).toEqual(['start', 'api:acme', { wait: false }]);
});

test('removing answers 204 without a body and passes purge on', async () => {
  const { call, supervisor } = await runningApi();
  await call('/spawn/api/--id=acme');
  const answer = await call('/api/instances/api:acme?purge=true', { method: 'DELETE' });
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect(supervisor.calls.at(-1)).toEqual(['remove', 'api:acme', { purge: true }]);
  expect((await call('/api/instances/api:acme')).status).toBe(404);
});

test('tokens are made, listed without their text, and revoked', async () => {
  const { call } = await runningApi();
  const made = await call('/api/tokens', post({ name: 'ci' }));
  expect(made.status).toBe(201);
  expect(JSON.parse(made.text)).toEqual({
    id: 't1',
    session: false,
    name: 'ci',
    scope: 'admin',
    can: ['read', 'operate', 'manage'],
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
    lastUsedAt: null,
    token: 'secret-t1',
  });
  expect((await call('/api/tokens')).text).not.toContain('secret');
  expect((await call('/api/tokens/t1', { method: 'DELETE' })).status).toBe(204);
  const again = await call('/api/tokens/t1', { method: 'DELETE' });
  expect([again.status, JSON.parse(again.text).code]).toEqual([404, 'unknown_token']);
});

test.each([
  [{ id: 'acme' }, 'service'],
  [{ service: 'api' }, 'id'],
  [{ service: 'api', id: 'acme', start: 'yes' }, 'start'],
  [{ service: 'api', id: 'acme', env: { A: 1 } }, 'env.A'],
  [{ service: 'api', id: 'acme', env: { 'A=B': '1' } }, 'A=B'],
  [{ service: 'api', id: 'acme', strat: true }, 'strat'],
  [[], 'body'],
])('spawning with %j is bad input that names %s', async (body, field) => {
  const { call, supervisor } = await runningApi();
  const answer = await call('/api/instances', post(body));
  expect(answer.status).toBe(400);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(answer.text);
  expect(problem).toMatchObject({ code: 'bad_input', status: 400, title: 'Bad Request', type: 'about:blank' });
  expect(problem.detail).toContain(field);
  expect(supervisor.calls).toEqual([]);
});

test('a body that is absent, of another type or not JSON is bad input', async () => {
  const { call } = await runningApi();
  const json = { 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const answers = [
    await call('/api/instances', { method: 'POST', headers: json, body: '{' }),
    await call('/api/instances', { method: 'POST', headers: json, body: '{"__proto__":{}}' }),
    await call('/api/instances', { method: 'POST', headers: json }),
    await call('/api/instances', { method: 'POST' }),
    await call('/api/instances', { method: 'POST', headers: form, body: 'id=acme' }),
    await call('/api/instances/%zz'),
  ];
  expect(answers.map((answer) => [answer.status, JSON.parse(answer.text).code])).toEqual(
    answers.map(() => [400, 'bad_input']),
  );
});

test.each(['../etc', 'ACME', 'a'.repeat(300), 'a_b', ''])('%j is not a tenant id', async (id) => {
  const { call, supervisor } = await runningApi();
  const answer = await call('/api/instances', post({ service: 'api', id }));
  expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'bad_id']);
  expect((await call(`/api/instances/api:${encodeURIComponent(id)}/stop`, { method: 'POST' })).status).toBe(400);
  expect(supervisor.calls).toEqual([]);
});

test('errors keep their code and say when to retry', async () => {
  const { call, supervisor } = await runningApi();
  expect((await call('/spawn/nope/--id=acme')).status).toBe(404);
  supervisor.failure = new TenementError('at_capacity', 'all are busy', { retryAfterS: 7 });
  const answer = await call('/spawn/api/--id=acme');
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '7']);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'at_capacity', detail: 'all are busy' });
});

test('an unexpected error reveals only an id, which the log contains too', async () => {
  const { call, supervisor } = await runningApi();
  supervisor.failure = new Error('EACCES: /secret/path');
  const answer = await call('/spawn/api/--id=acme');
  expect(answer.status).toBe(500);
  expect(answer.text).not.toContain('secret');
  expect(JSON.parse(answer.text)).toMatchObject({
    code: 'internal',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('an unknown route is a problem too', async () => {
  const { call } = await runningApi();
  for (const answer of [await call('/nope'), await call('/api/instances', { method: 'PUT' })]) {
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([404, 'not_found']);
  }
});

test('HEAD of the one-line form spawns nothing', async () => {
  const { call, supervisor } = await runningApi();
  expect((await call('/spawn/api/--id=acme', { method: 'HEAD' })).status).toBe(404);
  expect((await call('/health', { method: 'HEAD' })).status).toBe(200);
  expect(supervisor.calls).toEqual([]);
});

test('a request that is not HTTP gets a problem document as well', async () => {
  const { port } = await runningApi();
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.end('nonsense\r\n\r\n');
  const text = (await socket.toArray()).join('');
  expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  expect(text).toContain('"code":"bad_request"');
});

test('the description is OpenAPI 3.1 and lists every route', async () => {
  const { call } = await runningApi('none');
  const description = JSON.parse((await call('/openapi.json')).text);
  expect(description.openapi).toMatch(/^3\.1\./);
  expect(description.info.version).toBe('1.2.3');
  const routes = Object.entries<object>(description.paths).map(([path, methods]) => [
    path,
    Object.keys(methods).sort(),
  ]);
  expect(Object.fromEntries(routes)).toEqual({
    '/api/ask': ['get'],
    '/health': ['get'],
    '/metrics': ['get'],
    '/openapi.json': ['get'],
    '/api/instances': ['get', 'post'],
    '/api/instances/{instance}': ['delete', 'get', 'patch'],
    '/api/instances/{instance}/start': ['post'],
    '/api/instances/{instance}/stop': ['post'],
    '/api/instances/{instance}/restart': ['post'],
    '/api/instances/{instance}/sleep': ['post'],
    '/api/instances/{instance}/logs': ['get'],
    '/api/backups': ['get', 'post'],
    '/api/certificates': ['get'],
    '/api/certificates/{name}/renew': ['post'],
    '/api/dashboard': ['get'],
    '/api/dashboard/changes': ['get'],
    '/api/domains': ['get', 'post'],
    '/api/domains/{domain}': ['delete', 'get'],
    '/api/domains/{domain}/verify': ['post'],
    '/api/events': ['get'],
    '/api/host': ['get'],
    '/api/notify': ['get'],
    '/api/notify/test': ['post'],
    '/api/usage': ['get'],
    '/api/secrets/rekey': ['post'],
    '/api/session': ['delete', 'get'],
    '/api/session/link': ['post'],
    '/api/tenants': ['get', 'post'],
    '/api/tenants/{tenant}': ['delete', 'get', 'patch'],
    '/api/tenants/{tenant}/backup': ['post'],
    '/api/tenants/{tenant}/before-restore': ['delete'],
    '/api/tenants/{tenant}/clone': ['post'],
    '/api/tenants/{tenant}/export': ['post'],
    '/api/tenants/{tenant}/import': ['post'],
    '/api/tenants/{tenant}/provision': ['post'],
    '/api/tenants/{tenant}/restore': ['post'],
    '/api/tenants/{tenant}/secrets': ['get'],
    '/api/tenants/{tenant}/secrets/{name}': ['delete', 'put'],
    '/api/tenants/{tenant}/secrets/{name}/rotate': ['post'],
    '/api/tenants/{tenant}/stop': ['post'],
    '/api/tenants/{tenant}/start': ['post'],
    '/api/tokens': ['get', 'post'],
    '/api/tokens/{id}': ['delete'],
    '/spawn/{service}/--id={id}': ['get', 'post'],
  });
  const body = description.paths['/api/instances'].post.requestBody.content['application/json'].schema;
  expect(body).toEqual({ $ref: '#/components/schemas/NewInstance' });
  expect(description.components.schemas.NewInstance.required).toEqual(['service', 'id']);
  const answers = description.paths['/api/instances/{instance}/logs'].get.responses;
  expect(Object.keys(answers['4XX'].content)).toEqual(['application/problem+json']);
  expect(Object.keys(answers['200'].content)).toEqual(['application/x-ndjson', 'text/event-stream']);
  expect(description.paths['/health'].get.security).toEqual([]);
  expect(description.paths['/api/instances/{instance}/logs'].get['x-permission']).toEqual({
    ability: 'operate',
    over: 'instance',
  });
});

test('metrics give states and the figures of each instance', async () => {
  const { call } = await runningApi();
  await call('/spawn/api/--id=acme');
  const { text, headers } = await call('/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain/);
  expect(text).toContain('tenement_instances{state="ready"} 1');
  expect(text).toContain('tenement_instances{state="asleep"} 0');
  expect(text).toContain('tenement_instance_requests_total{service="api",tenant="acme"} 17');
  expect(text).toContain('tenement_instance_restarts_total{service="api",tenant="acme"} 2');
  expect(text).toContain('tenement_instance_memory_bytes{service="api",tenant="acme"} 20971520');
  expect(text).toContain('process_cpu_seconds_total');
  await call('/api/instances/api:acme', { method: 'DELETE' });
  expect((await call('/metrics')).text).not.toContain('acme');
});

test('the control socket is for its owner only', async () => {
  const { socketPath } = await runningOnSocket();
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
});

test('the API does not take over a socket on which another server listens', async () => {
  const { socketPath, call } = await runningOnSocket();
  const second = createApi({ deps: fakeDeps(), trust: 'control-socket', logger: silentLogger() });
  onTestFinished(() => second.close());
  await expect(second.listen({ path: socketPath })).rejects.toMatchObject({ code: 'already_running' });
  expect((await call('/health')).status).toBe(200);
});

test('an address in use is reported as listen_failed', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const api = createApi({ deps: fakeDeps(), trust: 'none', logger: silentLogger() });
  onTestFinished(() => api.close());
  await expect(api.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'listen_failed' });
});

test("Caddy's question is answered for known hosts only, without a token", async () => {
  const { call } = await runningApi('token');
  expect(await call('/api/ask?domain=acme.example.com')).toMatchObject({ status: 200 });
  const unknown = await call('/api/ask?domain=nobody.example.com');
  expect(unknown.status).toBe(404);
  expect(JSON.parse(unknown.text)).toMatchObject({ code: 'unknown_tenant' });
  expect((await call('/api/ask')).status).toBe(400);
});
