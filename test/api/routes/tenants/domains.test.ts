import { describe, expect, it } from 'vitest';
import { TenementError } from '../../../../src/errors.ts';
import { domainView } from '../../fake-domains.ts';
import { post, runningApi } from '../../running.ts';

async function withDomain() {
  const running = await runningApi('token');
  const { domains } = running.supervisor;
  domains.views.set('shop.example.com', domainView('shop.example.com'));
  const as = async (scope: string) => {
    const { token } = await running.tokenStore.make({ scope, can: ['read', 'manage'] });
    const headers = { authorization: `Bearer ${token}` };
    const call = async (method: string, path: string, body?: object) => {
      const given = body === undefined ? { method } : { ...post(body), method };
      const { status, text } = await running.call(path, { ...given, headers: { ...post({}).headers, ...headers } });
      return { status, json: text === '' ? null : JSON.parse(text) };
    };
    return call;
  };
  return { ...running, domains, as };
}

describe('/api/domains', () => {
  it('adds a domain: 201 when it is new, 200 when the tenant had it', async () => {
    const { as, domains } = await withDomain();
    const call = await as('admin');
    const body = { tenant: 'acme', domain: 'www.example.com', service: 'api', verify: true };
    const added = await call('POST', '/api/domains', body);
    expect([added.status, added.json.domain]).toEqual([201, 'www.example.com']);
    expect(domains.calls).toEqual([['add', 'acme', 'www.example.com', { service: 'api', verify: true }]]);
    expect((await call('POST', '/api/domains', body)).status).toBe(200);
  });

  it.each([
    [{ tenant: 'acme' }, 'domain'],
    [{ domain: 'a.example' }, 'tenant'],
    [{ tenant: 'acme', domain: 'a.example', verify: 'yes' }, 'verify'],
    [{ tenant: 'acme', domain: 'a.example', host: 'x' }, 'host'],
    [{ tenant: 'acme', domain: 5 }, 'domain'],
  ])('%j is refused, and what is wrong is named: %s', async (body, what) => {
    const { as, domains } = await withDomain();
    const { status, json } = await (await as('admin'))('POST', '/api/domains', body);
    expect([status, json.code, json.detail]).toEqual([400, 'bad_input', expect.stringContaining(what)]);
    expect(domains.calls).toEqual([]);
  });

  it('gets, verifies and removes a domain', async () => {
    const { as } = await withDomain();
    const call = await as('admin');
    expect((await call('GET', '/api/domains/shop.example.com')).json).toEqual(domainView('shop.example.com'));
    expect((await call('POST', '/api/domains/shop.example.com/verify')).status).toBe(200);
    expect((await call('DELETE', '/api/domains/shop.example.com?tenant=globex')).status).toBe(404);
    expect((await call('DELETE', '/api/domains/shop.example.com?tenant=acme')).status).toBe(204);
    expect((await call('DELETE', '/api/domains/shop.example.com')).json.code).toBe('unknown_domain');
  });

  it('lists in pages', async () => {
    const { as, domains } = await withDomain();
    const call = await as('admin');
    const { json } = await call('GET', '/api/domains?tenant=acme&limit=2&after=a.example%2Facme');
    expect(json).toEqual({ domains: [domainView('shop.example.com')], next: null });
    expect(domains.calls).toEqual([['list', { tenant: 'acme', limit: 2, after: 'a.example/acme' }]]);
    expect((await call('GET', '/api/domains?limit=0')).status).toBe(400);
  });
});

describe('a token', () => {
  it('for a tenant sees and changes the domains of that tenant alone', async () => {
    const { as, domains } = await withDomain();
    const globex = await as('tenant:globex');
    expect((await globex('GET', '/api/domains')).json.domains).toEqual([]);
    expect((await globex('GET', '/api/domains?tenant=acme')).json.domains).toEqual([]);
    for (const [method, path] of [
      ['GET', '/api/domains/shop.example.com'],
      ['DELETE', '/api/domains/shop.example.com'],
      ['POST', '/api/domains/shop.example.com/verify'],
    ] as const) {
      const hidden = await globex(method, path);
      const absent = await globex(method, path.replace('shop', 'none'));
      expect([hidden.status, hidden.json.code]).toEqual([404, 'unknown_domain']);
      expect({ ...hidden.json, detail: '' }).toEqual({ ...absent.json, detail: '' });
    }
    const added = await globex('POST', '/api/domains', { tenant: 'acme', domain: 'x.example' });
    expect([added.status, added.json.code]).toEqual([404, 'unknown_tenant']);
    expect((await globex('POST', '/api/domains', { tenant: 'globex', domain: 'x.example' })).status).toBe(201);
    expect([...domains.views.keys()]).toEqual(['shop.example.com', 'x.example']);
    const acme = await as('tenant:acme');
    expect((await acme('GET', '/api/domains')).json.domains).toHaveLength(1);
  });

  it('for a service sees and changes the domains that lead to it', async () => {
    const { as, domains } = await withDomain();
    domains.views.set('web.example.com', domainView('web.example.com', { service: 'web' }));
    const web = await as('service:web');
    expect((await web('GET', '/api/domains')).json.domains).toMatchObject([{ domain: 'web.example.com' }]);
    expect((await web('DELETE', '/api/domains/shop.example.com')).status).toBe(404);
    const body = { tenant: 'acme', domain: 'x.example' };
    expect((await web('POST', '/api/domains', body)).status).toBe(404);
    expect((await web('POST', '/api/domains', { ...body, service: 'web' })).status).toBe(201);
  });

  it('that may only read changes nothing', async () => {
    const { call, tokenStore } = await withDomain();
    const { token } = await tokenStore.make({ scope: 'tenant:acme', can: ['read'] });
    const headers = { ...post({}).headers, authorization: `Bearer ${token}` };
    const body = { tenant: 'acme', domain: 'x.example' };
    expect((await call('/api/domains', { ...post(body), headers })).status).toBe(403);
    expect((await call('/api/domains/shop.example.com', { method: 'DELETE', headers })).status).toBe(403);
  });
});

it('a domain of another tenant is a conflict', async () => {
  const { as, domains } = await withDomain();
  domains.failure = new TenementError('domain_taken', 'a.example belongs to another tenant');
  const { status, json } = await (await as('admin'))('POST', '/api/domains', { tenant: 'acme', domain: 'a.example' });
  expect([status, json.code]).toEqual([409, 'domain_taken']);
});
