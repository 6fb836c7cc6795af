import { describe, expect, it } from 'vitest';
import { tenantView } from './fake-tenants.ts';
import { CRASHED, view } from './fakes.ts';
import { runningApi } from './running.ts';

const json = (method: string, body: object) => ({
  method,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

async function withAcme() {
  const running = await runningApi();
  const { tenants } = running.supervisor;
  tenants.views.set('acme', tenantView('acme'));
  return { ...running, tenants };
}

describe('/api/tenants', () => {
  it('creates a tenant: 201 when it is new, 200 when it was there, 502 when a start has failed', async () => {
    const { call, tenants } = await withAcme();
    const body = { id: 'globex', services: ['api'], plan: 'pro', expires: '30d', labels: { a: 'b' }, env: { A: '1' } };
    const created = await call('/api/tenants', json('POST', body));
    expect([created.status, JSON.parse(created.text).id]).toEqual([201, 'globex']);
    const { id: _id, ...options } = body;
    expect(tenants.calls).toEqual([['create', 'globex', options]]);
    expect((await call('/api/tenants', json('POST', { id: 'globex' }))).status).toBe(200);
    tenants.started = [view('api:initech', CRASHED)];
    expect((await call('/api/tenants', json('POST', { id: 'initech' }))).status).toBe(502);
    expect((await call('/api/tenants', json('POST', { id: 'hooli', start: false }))).status).toBe(201);
  });

  it('lists with filters and pages', async () => {
    const { call, tenants } = await withAcme();
    const { status, text } = await call('/api/tenants?plan=pro&state=active&label=a=b&label=c=d%3De&limit=2&after=a');
    expect([status, JSON.parse(text)]).toEqual([200, { tenants: [tenantView('acme')], next: null }]);
    const query = { plan: 'pro', state: 'active', labels: { a: 'b', c: 'd=e' }, limit: 2, after: 'a' };
    expect(tenants.calls).toEqual([['list', query]]);
  });

  it('changes, stops, starts and removes a tenant', async () => {
    const { call, tenants } = await withAcme();
    const changes = { plan: null, expiresAt: null, labels: { a: null }, env: { A: '1', B: null } };
    expect((await call('/api/tenants/acme', json('PATCH', changes))).status).toBe(200);
    expect(JSON.parse((await call('/api/tenants/acme/stop', { method: 'POST' })).text).state).toBe('stopped');
    expect(JSON.parse((await call('/api/tenants/acme/start', { method: 'POST' })).text).state).toBe('active');
    expect((await call('/api/tenants/acme?purge=true', { method: 'DELETE' })).status).toBe(204);
    expect(tenants.calls).toEqual([
      ['set', 'acme', { plan: null, expires: null, labels: { a: null }, env: { A: '1', B: null } }],
      ['stop', 'acme'],
      ['start', 'acme', { wait: undefined }],
      ['remove', 'acme', { purge: true }],
    ]);
    expect((await call('/api/tenants/acme')).status).toBe(404);
  });

  it.each([
    ['POST', '/api/tenants', { id: 'Acme' }, 'bad_id'],
    ['POST', '/api/tenants', { id: 'a', labels: { a: 'x'.repeat(10_000) } }, 'bad_input'],
    ['POST', '/api/tenants', { id: 'a', labels: { 'a b': 'x' } }, 'bad_input'],
    ['POST', '/api/tenants', { id: 'a', expires: '1d', expiresAt: '2030-01-01T00:00:00Z' }, 'bad_input'],
    ['POST', '/api/tenants', { id: 'a', domain: 'x' }, 'bad_input'],
    ['PATCH', '/api/tenants/acme', { env: { 'A=B': '1' } }, 'bad_input'],
    ['GET', '/api/tenants?limit=0', null, 'bad_input'],
    ['GET', '/api/tenants?state=gone', null, 'bad_input'],
    ['GET', '/api/tenants/..%2f', null, 'bad_id'],
  ])('%s %s with %j is %s', async (method, path, body, code) => {
    const { call } = await withAcme();
    const { status, text } = await call(path, body === null ? { method } : json(method, body));
    expect([status, JSON.parse(text).code]).toEqual([400, code]);
  });
});

it('PATCH /api/instances changes variables and limits; 502 if the start with them has failed', async () => {
  const { call, supervisor } = await runningApi();
  supervisor.views.set('api:acme', view('api:acme'));
  const changes = { env: { A: '1', B: null }, limits: { memoryLimitMb: 512, cpuLimit: null } };
  expect((await call('/api/instances/api:acme', json('PATCH', changes))).status).toBe(200);
  expect(supervisor.calls).toEqual([['set', 'api:acme', changes]]);
  expect((await call('/api/instances/api:acme', json('PATCH', { limits: { memoryLimitMb: 1.5 } }))).status).toBe(400);
  supervisor.started = CRASHED;
  expect((await call('/api/instances/api:acme', json('PATCH', { env: { A: '2' } }))).status).toBe(502);
});
