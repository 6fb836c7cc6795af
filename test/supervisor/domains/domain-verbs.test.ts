import { describe, expect, it } from 'vitest';
import { CLI } from '../../../src/core/access/actor.ts';
import type { Config } from '../../../src/core/service/service.ts';
import type { DomainView } from '../../../src/core/verbs/domain-verbs.ts';
import { SERVICE, settle, world } from '../fakes.ts';

/** A world with the services `api` (the default) and `web`, and the tenants acme and globex, which sleep. */
async function made(tenants: Partial<Config['tenants']> = {}) {
  const one = world();
  one.supervisor.apply({
    ...one.config,
    proxy: { ...one.config.proxy, defaultService: 'api' },
    services: new Map([SERVICE, { ...SERVICE, name: 'web', socket: '/web-{id}' }].map((each) => [each.name, each])),
    tenants: { ...one.config.tenants, ...tenants },
  });
  for (const id of ['acme', 'globex']) await one.supervisor.spawn('api', id, { start: false });
  const { domains } = one.supervisor;
  return { ...one, domains: domains.by(CLI), list: domains.list, made: one };
}

type Made = Awaited<ReturnType<typeof made>>;

const route = ({ domainRoutes }: Pick<Made, 'domainRoutes'>, host: string) => domainRoutes.get(host) ?? null;

/** Lets DNS have the record that a domain asks for. */
function proveIn({ txt }: Pick<Made, 'txt'>, { proof }: DomainView): void {
  txt.set(proof?.name ?? '', { texts: [proof?.value ?? ''] });
}

describe('add', () => {
  it('routes to the default service at once, and is told', async () => {
    const it = await made();
    const { view, created } = await it.domains.add('acme', 'Bücher.Example');
    expect(created).toBe(true);
    expect(view).toMatchObject({
      domain: 'xn--bcher-kva.example',
      name: 'bücher.example',
      tenant: 'acme',
      service: 'api',
      state: 'active',
      reason: 'leads to api:acme',
      url: 'http://xn--bcher-kva.example:8080',
      proof: null,
    });
    expect(route(it, 'xn--bcher-kva.example')).toBe('api:acme');
    expect(it.supervisor.tenants.get('acme').domains).toEqual(['xn--bcher-kva.example']);
    expect(it.eventLog.at(-1)).toMatchObject({
      type: 'domain-added',
      tenant: 'acme',
      actor: 'cli',
      data: { domain: 'xn--bcher-kva.example', service: 'api' },
    });
  });

  it('again changes nothing; with another service it is a mistake', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example', { service: 'web' });
    const events = it.eventLog.length;
    for (const options of [{}, { service: 'web' }, { verify: true }])
      expect(await it.domains.add('acme', 'A.example.', options)).toMatchObject({
        created: false,
        view: { service: 'web', state: 'active' },
      });
    expect(it.eventLog).toHaveLength(events);
    await expect(it.domains.add('acme', 'a.example', { service: 'api' })).rejects.toMatchObject({
      code: 'already_registered',
    });
  });

  it('says so when the tenant does not have the service', async () => {
    const it = await made();
    const { view } = await it.domains.add('acme', 'a.example', { service: 'web' });
    expect(view.reason).toBe('leads to web:acme, which is not registered: its requests get 404');
  });

  it.each([
    ['nobody', 'a.example', {}, 'unknown_tenant'],
    ['acme', 'a.example', { service: 'none' }, 'unknown_service'],
    ['acme', 'localhost', {}, 'bad_domain'],
    ['acme', 'shop.localhost', {}, 'bad_domain'],
    ['acme', `${'a.'.repeat(122)}example`, { verify: true }, 'bad_domain'],
  ])('of %s %s %j is refused with %s, and nothing is written', async (tenant, domain, options, code) => {
    const it = await made();
    await expect(it.domains.add(tenant, domain, options)).rejects.toMatchObject({ code });
    expect(it.list().domains).toEqual([]);
  });

  it('of a domain of another tenant is refused, and tells the owner only to those who may see it', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example');
    await expect(it.domains.add('globex', 'a.example')).rejects.toMatchObject({
      code: 'domain_taken',
      message: 'a.example belongs to api:acme',
    });
    const globex = it.supervisor.domains.by(CLI, ({ tenantId }) => tenantId === 'globex');
    const refusal = await globex.add('globex', 'a.example').catch((error) => error);
    expect(refusal).toMatchObject({ code: 'domain_taken', message: 'a.example belongs to another tenant' });
    expect(`${refusal.hint}${refusal.details}`).not.toContain('acme');
    expect(route(it, 'a.example')).toBe('api:acme');
  });

  it('that cannot be written routes nothing', async () => {
    const it = await made();
    it.made.failSave = true;
    await expect(it.domains.add('acme', 'a.example')).rejects.toThrow();
    it.made.failSave = false;
    expect(route(it, 'a.example')).toBeNull();
  });

  it('by two tenants at once gives it to one', async () => {
    const it = await made();
    const both = await Promise.allSettled(['acme', 'globex'].map((id) => it.domains.add(id, 'a.example')));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('bounds the domains of a tenant that are not verified', async () => {
    const it = await made({ verifyDomains: true });
    for (let index = 0; index < 100; index += 1) await it.domains.add('acme', `a${index}.example`);
    await expect(it.domains.add('acme', 'b.example')).rejects.toMatchObject({ code: 'too_many_domains' });
    await it.domains.add('globex', 'b.example');
  });
});

describe('remove', () => {
  it('ends the route at once, and is told', async () => {
    const it = await made();
    await it.domains.add('acme', 'bücher.example');
    await it.domains.remove('BÜCHER.example');
    expect(route(it, 'xn--bcher-kva.example')).toBeNull();
    expect(it.list().domains).toEqual([]);
    expect(it.eventLog.at(-1)).toMatchObject({ type: 'domain-removed', tenant: 'acme' });
    await expect(it.domains.remove('bücher.example')).rejects.toMatchObject({ code: 'unknown_domain' });
  });

  it('of what a caller may not see is answered like what does not exist', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example');
    const globex = it.supervisor.domains.by(CLI, ({ tenantId }) => tenantId === 'globex');
    for (const verb of [() => globex.remove('a.example'), () => globex.verify('a.example')])
      await expect(verb()).rejects.toMatchObject({ code: 'unknown_domain', message: 'there is no domain "a.example"' });
    expect(route(it, 'a.example')).toBe('api:acme');
  });

  it('asks whose it is when several tenants ask for a domain', async () => {
    const it = await made({ verifyDomains: true });
    for (const id of ['acme', 'globex']) await it.domains.add(id, 'a.example');
    await expect(it.domains.remove('a.example')).rejects.toMatchObject({
      code: 'bad_input',
      hint: 'Name one of them: acme, globex.',
    });
    await it.domains.remove('a.example', { tenant: 'globex' });
    expect(it.list().domains).toMatchObject([{ tenant: 'acme' }]);
  });
});

describe('verification', () => {
  it('routes a domain only when its record is found, at once for who asks', async () => {
    const it = await made();
    const { view } = await it.domains.add('acme', 'a.example', { verify: true });
    expect(view).toMatchObject({ state: 'pending', reason: 'DNS was not asked yet' });
    expect(view.proof).toEqual({
      name: '_tenement.a.example',
      type: 'TXT',
      value: expect.stringMatching(/^tenement-[0-9a-f]{32}$/),
    });
    expect(route(it, 'a.example')).toBeNull();
    await expect(it.domains.verify('a.example')).rejects.toMatchObject({
      code: 'domain_not_verified',
      message: 'a.example is not verified: there is no such TXT record yet',
      hint: expect.stringContaining(view.proof?.value ?? '?'),
    });
    proveIn(it, view);
    expect(await it.domains.verify('a.example')).toMatchObject({
      state: 'active',
      reason: 'verified, leads to api:acme',
    });
    expect(route(it, 'a.example')).toBe('api:acme');
    expect(it.eventLog.at(-1)).toMatchObject({ type: 'domain-verified', tenant: 'acme', actor: 'cli' });
    await it.domains.verify('a.example');
    expect(it.events.filter((type) => type === 'domain-verified')).toHaveLength(1);
  });

  it('happens by itself after the record is made', async () => {
    const it = await made({ verifyDomains: true });
    const { view } = await it.domains.add('acme', 'a.example');
    await it.clock.advance(6000);
    expect(it.list().domains).toMatchObject([{ state: 'pending', reason: 'there is no such TXT record yet' }]);
    proveIn(it, view);
    await it.clock.advance(60_000);
    expect(route(it, 'a.example')).toBe('api:acme');
    expect(it.eventLog.at(-1)).toMatchObject({ type: 'domain-verified', actor: 'system' });
  });

  it('survives a time without DNS', async () => {
    const it = await made({ verifyDomains: true });
    const { view } = await it.domains.add('acme', 'a.example');
    it.txt.set('_tenement.a.example', { problem: 'DNS does not answer (ETIMEOUT)' });
    await it.clock.advance(600_000);
    expect(it.list().domains).toMatchObject([{ state: 'pending', reason: 'DNS does not answer (ETIMEOUT)' }]);
    proveIn(it, view);
    await it.clock.advance(3_600_000);
    expect(route(it, 'a.example')).toBe('api:acme');
  });

  it('gives the domain to the first who proves it, whoever asked first', async () => {
    const it = await made({ verifyDomains: true });
    const squatted = await it.domains.add('globex', 'a.example');
    const { view } = await it.domains.add('acme', 'a.example');
    expect(view.proof?.value).not.toBe(squatted.view.proof?.value);
    proveIn(it, view);
    await it.clock.advance(60_000);
    expect(route(it, 'a.example')).toBe('api:acme');
    expect(it.list().domains).toMatchObject([
      { tenant: 'acme', state: 'active' },
      { tenant: 'globex', state: 'pending' },
    ]);
    proveIn(it, squatted.view);
    await expect(it.domains.verify('a.example', { tenant: 'globex' })).rejects.toMatchObject({
      code: 'domain_not_verified',
      message: 'a.example is not verified: it was verified, but belongs to another tenant',
    });
    await expect(it.domains.add('initech', 'a.example')).rejects.toMatchObject({ code: 'unknown_tenant' });
    await it.domains.remove('a.example');
    expect(await it.domains.verify('a.example')).toMatchObject({ tenant: 'globex', state: 'active' });
  });

  it('of a domain that was removed while DNS was asked changes nothing', async () => {
    const it = await made({ verifyDomains: true });
    const { view } = await it.domains.add('acme', 'a.example');
    proveIn(it, view);
    const verified = it.domains.verify('a.example');
    const removed = it.domains.remove('a.example');
    await expect(verified).rejects.toMatchObject({ code: 'unknown_domain' });
    await removed;
    expect(route(it, 'a.example')).toBeNull();
  });

  it('asks DNS once for many who ask at the same time', async () => {
    const it = await made({ verifyDomains: true });
    await it.domains.add('acme', 'a.example');
    let asked = 0;
    it.txt.get = () => {
      asked += 1;
      return { texts: [] };
    };
    await Promise.allSettled(Array.from({ length: 20 }, () => it.domains.verify('a.example')));
    expect(asked).toBe(1);
  });

  it('ends with the server', async () => {
    const it = await made({ verifyDomains: true });
    const { view } = await it.domains.add('acme', 'a.example');
    proveIn(it, view);
    const closed = it.supervisor.close();
    await settle();
    await it.clock.advance(3_600_000);
    await closed;
    expect(route(it, 'a.example')).toBeNull();
  });
});

describe('a tenant', () => {
  it('is created with its domains in one step, and again without a change', async () => {
    const it = await made();
    const tenants = it.supervisor.tenants.by(CLI);
    const asked = { domains: ['a.example', 'B.example.'], start: false };
    const { view } = await tenants.create('initech', asked);
    expect(view.domains).toEqual(['a.example', 'b.example']);
    expect([route(it, 'a.example'), route(it, 'b.example')]).toEqual(['api:initech', 'api:initech']);
    expect((await tenants.create('initech', asked)).created).toBe(false);
    await expect(tenants.create('initech', { domains: ['c.example'], start: false })).rejects.toMatchObject({
      code: 'already_registered',
    });
    expect(it.events.filter((type) => type === 'domain-added')).toHaveLength(2);
  });

  it('whose domain is taken or wrong is not created', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example');
    const tenants = it.supervisor.tenants.by(CLI);
    for (const [domain, code] of [
      ['a.example', 'domain_taken'],
      ['*.example', 'bad_domain'],
    ])
      await expect(
        tenants.create('initech', { domains: ['b.example', domain ?? ''], start: false }),
      ).rejects.toMatchObject({ code });
    expect(() => it.supervisor.tenants.get('initech')).toThrow('no tenant');
    expect(route(it, 'b.example')).toBeNull();
  });

  it('has domains that lead to the first of its services, if it lacks the default one', async () => {
    const it = await made();
    await it.supervisor.tenants.by(CLI).create('initech', { services: ['web'], domains: ['a.example'], start: false });
    expect(route(it, 'a.example')).toBe('web:initech');
  });

  it('that is removed takes its domains with it, which others may have then', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example');
    await it.domains.add('globex', 'b.example');
    await it.supervisor.tenants.by(CLI).remove('acme', { purge: true });
    expect([route(it, 'a.example'), route(it, 'b.example')]).toEqual([null, 'api:globex']);
    await it.domains.add('globex', 'a.example');
    expect(route(it, 'a.example')).toBe('api:globex');
  });

  it('that has a domain stays when its last instance is purged', async () => {
    const it = await made();
    await it.domains.add('acme', 'a.example');
    await it.supervisor.remove('api:acme', { purge: true });
    expect(it.supervisor.tenants.get('acme').domains).toEqual(['a.example']);
  });
});

it('the next server routes by the domains of the registry, and goes on looking for records', async () => {
  const it = await made();
  await it.domains.add('acme', 'a.example');
  await it.domains.add('acme', 'b.example', { verify: true });
  const next = world();
  for (const [key, domain] of it.tenants.domains.records) next.tenants.domains.records.set(key, domain);
  await next.supervisor.open();
  expect([route(next, 'a.example'), route(next, 'b.example')]).toEqual(['api:acme', null]);
  for (const domain of next.supervisor.domains.list().domains) proveIn(next, domain);
  await next.clock.advance(10_000);
  expect(route(next, 'b.example')).toBe('api:acme');
});

it('a reload says which domains it makes names of the proxy, and they go on leading to their tenants', async () => {
  const it = await made();
  const rest = Array.from({ length: 6 }, (_, index) => `s${index}.acme.org`);
  for (const domain of ['acme.org', ...rest, 'other.org']) await it.domains.add('acme', domain);
  const config = it.served.current;
  const changes = it.supervisor.apply({ ...config, proxy: { ...config.proxy, domains: ['localhost', 'acme.org'] } });
  expect(changes).toEqual([
    'proxy: takes effect at once',
    'acme.org is a domain of api:acme, and under [proxy] domain acme.org',
    ...[0, 1, 2, 3].map(
      (index) =>
        `s${index}.acme.org is a domain of api:acme, and under [proxy] domain acme.org: a tenant with the id s${index} would get its requests`,
    ),
    '2 more domains of tenants are under acme.org',
  ]);
  expect(route(it, 's0.acme.org')).toBe('api:acme');
  await it.domains.remove('s0.acme.org');
  await expect(it.domains.add('acme', 's0.acme.org')).rejects.toMatchObject({ code: 'bad_domain' });
});

it('lists come in pages', async () => {
  const it = await made();
  for (const domain of ['c.example', 'a.example', 'b.example']) await it.domains.add('acme', domain);
  const page = it.list({ limit: 2 });
  expect(page.domains.map(({ domain }) => domain)).toEqual(['a.example', 'b.example']);
  expect(page.next).toBe('b.example/acme');
  expect(it.list({ limit: 3 }).next).toBeNull();
  expect(() => it.list({ after: 'nonsense' })).toThrow(/next/);
});
