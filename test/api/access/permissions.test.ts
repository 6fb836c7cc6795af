/** Every route of the API, with tokens of every scope and ability: new routes are among them by themselves. */
import { expect, test } from 'vitest';
import type { RouteEntry } from '../../../src/api/access/authorize.ts';
import { ABILITIES, type Ability } from '../../../src/core/access/ability.ts';
import { type Decision, decide } from '../../../src/core/access/permission.ts';
import { parseScope, type Subject } from '../../../src/core/access/scope.ts';
import { TenementError } from '../../../src/errors.ts';
import type { FakeSupervisor } from '../fakes.ts';
import { type Call, runningApi } from '../running.ts';

const SCOPES = ['admin', 'service:api', 'service:web', 'tenant:acme', 'tenant:globex'];
const ABILITY_SETS: readonly (readonly Ability[])[] = [['read'], ['read', 'operate'], ['read', 'manage'], ABILITIES];

const REFUSALS = /^(forbidden|unknown_tenant|unauthorized|internal)$/;

/** What the requests below name. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  instance: { service: 'api', tenantId: 'acme' },
  registration: { service: 'api', tenantId: 'acme' },
  tenant: { service: null, tenantId: 'acme' },
};
const PARAMETERS: Readonly<Record<string, string>> = { instance: 'api:acme', tenant: 'acme', service: 'api' };

const BODIES: Readonly<Record<string, string>> = {
  'POST /api/instances': '{"service":"api","id":"acme"}',
  'POST /api/tenants': '{"id":"acme"}',
  'PUT /api/tenants/:tenant/secrets/:name': '{"value":"x"}',
};

async function started() {
  const running = await runningApi('token');
  await running.supervisor.spawn('api', 'acme');
  running.supervisor.calls.length = 0;
  const protectedRoutes = (await running.api.routes()).filter(({ permission }) => permission !== 'open');
  return { ...running, protectedRoutes };
}

/** A request that names `api:acme` wherever the route asks for an instance or a tenant, and nothing that exists elsewhere. */
function requestOf({ method, path }: RouteEntry, token: string): [path: string, call: Call] {
  const filled = path
    .replace('--id=:id', '--id=acme')
    .replace('/spawn/:service/:id', '/spawn/api/--id%3Dacme')
    .replace(/:(\w+)/g, (_all, name: string) => PARAMETERS[name] ?? 'none');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = method === 'PATCH' ? '{}' : (BODIES[`${method} ${path}`] ?? '');
  return [filled, { method, headers, ...(method !== 'GET' && { body }) }];
}

/** Counts what the supervisor was asked to do. */
function callsOf({ calls, tenants, secrets }: FakeSupervisor): number {
  return calls.length + tenants.calls.length + secrets.calls.length;
}

function expected({ permission }: RouteEntry, scope: string, can: readonly Ability[]): Decision {
  const subject = permission === 'open' ? null : (SUBJECTS[permission.over] ?? null);
  return decide({ scope: parseScope(scope), can }, permission, subject);
}

test.each(SCOPES.flatMap((scope) => ABILITY_SETS.map((can) => [scope, can] as const)))(
  'a token of scope %s that may %j reaches the routes that it should, and no others',
  async (scope, can) => {
    const { call, tokenStore, protectedRoutes, supervisor } = await started();
    const { token } = await tokenStore.make({ scope, can });
    for (const route of protectedRoutes) {
      const decision = expected(route, scope, can);
      await supervisor.spawn('api', 'acme');
      await supervisor.tenants.create('acme');
      const before = callsOf(supervisor);
      const answer = await call(...requestOf(route, token));
      const what = `${route.method} ${route.path} ${decision}`;
      const { code } = answer.status < 400 ? { code: null } : JSON.parse(answer.text);
      if (decision === 'allowed') expect([what, code]).not.toEqual([what, expect.stringMatching(REFUSALS)]);
      else
        expect([what, answer.status, code]).toEqual([
          what,
          ...(decision === 'hidden' ? [404, 'unknown_tenant'] : [403, 'forbidden']),
        ]);
      if (decision !== 'allowed') {
        const calls = callsOf(supervisor);
        expect([what, calls]).toEqual([what, before]);
      }
    }
  },
);

test('no route answers without a token, or with one that is not valid', async () => {
  const { call, protectedRoutes } = await started();
  for (const route of protectedRoutes) {
    const [path, request] = requestOf(route, 'wrong');
    expect([path, (await call(path, request)).status]).toEqual([path, 401]);
    expect([path, (await call(path, { ...request, headers: {} })).status]).toEqual([path, 401]);
  }
});

test('what a token may not see is answered byte for byte like what does not exist', async () => {
  const { call, tokenStore, protectedRoutes } = await started();
  const { token } = await tokenStore.make({ scope: 'tenant:globex', can: [...ABILITIES] });
  for (const route of protectedRoutes.filter(({ path }) => /:(instance|tenant)/.test(path))) {
    const [path, request] = requestOf(route, token);
    const hidden = await call(path, request);
    const absent = await call(path.replace('acme', 'nobody'), request);
    const own = await call(path.replace('acme', 'globex'), request);
    const normal = (text: string) => text.replaceAll(/nobody|globex/g, 'acme');
    // A refusal may name the tenant of the token.
    expect([hidden.status, normal(hidden.text)]).toEqual([absent.status, normal(absent.text)]);
    expect([hidden.status, normal(hidden.text)]).toEqual([own.status, normal(own.text)]);
  }
});

test.each(['/spawn/api/--id=globex', '/spawn/api/--id%3Dglobex', '/spawn/api/%2D%2Did=globex'])(
  'a body that names the own tenant does not open %s',
  async (path) => {
    const { call, tokenStore, supervisor } = await started();
    const { token } = await tokenStore.make({ scope: 'tenant:acme', can: ['manage'] });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    for (const body of ['{"service":"api","id":"acme"}', '{"id":"acme"}', '']) {
      expect((await call(path, { method: 'POST', headers, body })).status).toBeGreaterThanOrEqual(400);
    }
    expect(supervisor.calls).toEqual([]);
  },
);

test('a conflict with an instance of another tenant does not name it', async () => {
  const { call, tokenStore, supervisor } = await started();
  supervisor.failure = new TenementError('socket_conflict', 'api:acme would have the socket of api:globex, /tmp/x');
  const answerTo = async (scope: string) => {
    const { token } = await tokenStore.make({ scope, can: ['manage'] });
    return (await call('/spawn/api/--id=acme', { headers: { authorization: `Bearer ${token}` } })).text;
  };
  expect(await answerTo('tenant:acme')).not.toContain('globex');
  expect(await answerTo('tenant:acme')).toContain('socket_conflict');
  expect(await answerTo('admin')).toContain('globex');
});

test("a token for one tenant sets none of the tenant's own terms, whatever else it may do", async () => {
  const { call, tokenStore, supervisor } = await started();
  await supervisor.tenants.create('acme');
  const sent = async (scope: string, method: string, path: string, body: object) => {
    const { token } = await tokenStore.make({ scope, can: ['manage'] });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const { status, text } = await call(path, { method, headers, body: JSON.stringify(body) });
    return [status < 300 ? 'done' : JSON.parse(text).code];
  };
  const limits = { memoryLimitMb: 4096 };
  const terms = [
    ['PATCH', '/api/tenants/acme', { plan: 'enterprise' }],
    ['PATCH', '/api/tenants/acme', { expires: 'never' }],
    ['PATCH', '/api/tenants/acme', { expiresAt: null }],
    ['PATCH', '/api/instances/api:acme', { limits }],
    ['POST', '/api/instances', { service: 'web', id: 'acme', limits }],
  ] as const;
  for (const [method, path, body] of terms) {
    expect(await sent('tenant:acme', method, path, body)).toEqual(['forbidden']);
    expect(await sent('admin', method, path, body)).not.toEqual(['forbidden']);
  }
  expect(await sent('tenant:acme', 'PATCH', '/api/tenants/acme', { labels: { note: 'x' } })).toEqual(['done']);
  expect(await sent('tenant:acme', 'PATCH', '/api/instances/api:acme', { env: { A: '1' } })).toEqual(['done']);
});

test('lists and metrics have only what the scope covers', async () => {
  const { call, tokenStore, supervisor } = await started();
  await supervisor.spawn('api', 'globex');
  const seen = async (scope: string) => {
    const { token } = await tokenStore.make({ scope });
    const headers = { authorization: `Bearer ${token}` };
    const { instances } = JSON.parse((await call('/api/instances', { headers })).text) as {
      instances: { id: string }[];
    };
    const metrics = (await call('/metrics', { headers })).text;
    return {
      listed: instances.map(({ id }) => id),
      measured: [...metrics.matchAll(/requests_total\{service="api",tenant="(\w+)"\}/g)].map(([, id]) => id),
      ready: /tenement_instances\{state="ready"\} (\d+)/.exec(metrics)?.[1],
      ofTheServer: /process_cpu|turned_away|uncaught/.test(metrics),
    };
  };
  const both = ['acme', 'globex'];
  expect(await seen('admin')).toEqual({ listed: both, measured: both, ready: '2', ofTheServer: true });
  expect(await seen('service:api')).toEqual({ listed: both, measured: both, ready: '2', ofTheServer: false });
  expect(await seen('service:web')).toEqual({ listed: [], measured: [], ready: '0', ofTheServer: false });
  expect(await seen('tenant:acme')).toEqual({ listed: ['acme'], measured: ['acme'], ready: '1', ofTheServer: false });
});

test('scrapes of different scopes at the same time do not mix', async () => {
  const { call, tokenStore, supervisor } = await started();
  await supervisor.spawn('api', 'globex');
  const scrape = async (scope: string) => {
    const { token } = await tokenStore.make({ scope });
    return (await call('/metrics', { headers: { authorization: `Bearer ${token}` } })).text;
  };
  const scopes = Array.from({ length: 30 }, (_, index) => ['admin', 'tenant:acme', 'tenant:globex'][index % 3] ?? '');
  const texts = await Promise.all(scopes.map(scrape));
  for (const [index, text] of texts.entries()) {
    const tenants = new Set([...text.matchAll(/tenant="(\w+)"/g)].map(([, id]) => id));
    expect([...tenants]).toEqual(
      scopes[index] === 'admin' ? ['acme', 'globex'] : [scopes[index]?.slice('tenant:'.length)],
    );
  }
});
