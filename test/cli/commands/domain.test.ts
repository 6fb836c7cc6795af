import { describe, expect, it } from 'vitest';
import { TenementError } from '../../../src/errors.ts';
import { domainView } from '../../api/fake-domains.ts';
import { tenantView } from '../../api/fake-tenants.ts';
import { runningCli } from '../running.ts';

const PROOF = { name: '_tenement.a.example', type: 'TXT', value: 'tenement-1' } as const;
const PENDING = { state: 'pending', reason: 'there is no such TXT record yet', proof: PROOF } as const;

async function withAcme() {
  const running = await runningCli();
  const { tenants, domains } = running.supervisor;
  tenants.views.set('acme', tenantView('acme'));
  return { ...running, tenants, domains };
}

describe('domain', () => {
  it('add says where the domain leads', async () => {
    const { cli, domains } = await withAcme();
    const { status, out } = await cli('domain', 'add', 'acme', 'a.example', '--service', 'api');
    expect([status, out]).toEqual([0, 'a.example leads to api:acme\nhttp://a.example:8080\n']);
    expect(domains.calls).toEqual([['add', 'acme', 'a.example', { service: 'api' }]]);
    expect(JSON.parse((await cli('domain', 'add', 'acme', 'a.example', '--json')).out).domain).toBe('a.example');
  });

  it('add prints the record that DNS needs', async () => {
    const { cli, domains } = await withAcme();
    domains.views.set('a.example', domainView('a.example', PENDING));
    const { status, out } = await cli('domain', 'add', 'acme', 'a.example', '--verify');
    expect([status, out]).toEqual([
      0,
      'a.example will lead to api:acme when DNS has this record:\n\n' +
        '    _tenement.a.example.  TXT  "tenement-1"\n\n' +
        'So far: there is no such TXT record yet. tenement keeps looking; `tenement domain verify a.example` looks now.\n',
    ]);
    expect(domains.calls).toEqual([['add', 'acme', 'a.example', { verify: true }]]);
  });

  it('add shows a name beyond ASCII in both forms, and what to look at', async () => {
    const { cli, domains } = await withAcme();
    const warning = 'it looks like apple.com, and is written in other letters';
    domains.views.set('xn--80ak6aa92e.com', domainView('xn--80ak6aa92e.com', { name: 'аррӏе.com', warning }));
    const { out } = await cli('domain', 'add', 'acme', 'xn--80ak6aa92e.com');
    expect(out).toContain('аррӏе.com (xn--80ak6aa92e.com) leads to api:acme\n');
    expect(out).toContain(`warning: ${warning}\n`);
  });

  it('add of what is taken or wrong fails with one line and a hint', async () => {
    const { cli, domains } = await withAcme();
    domains.failure = new TenementError('domain_taken', 'a.example belongs to api:globex');
    const { status, err } = await cli('domain', 'add', 'acme', 'a.example');
    expect([status, err.split('\n')[0]]).toEqual([1, 'tenement: a.example belongs to api:globex (domain_taken)']);
    expect((await cli('domain', 'add', 'Acme', 'a.example')).status).toBe(2);
    expect((await cli('domain', 'add', 'acme')).status).toBe(2);
  });

  it('ls is a table of names as they are typed, with --json an array, and says how to begin when it is empty', async () => {
    const { cli, domains } = await withAcme();
    domains.views.set('a.example', domainView('a.example', PENDING));
    domains.views.set('xn--bcher-kva.example', domainView('xn--bcher-kva.example', { name: 'bücher.example' }));
    expect((await cli('domain', 'ls')).out).toBe(
      [
        'DOMAIN          LEADS TO  STATE    URL                                WHY',
        'a.example       api:acme  pending  -                                  there is no such TXT record yet',
        'bücher.example  api:acme  active   http://xn--bcher-kva.example:8080',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli('domain', 'ls', 'acme', '--json')).out)).toHaveLength(2);
    expect(domains.calls.at(-1)).toEqual(['list', { tenant: 'acme', limit: 1000 }]);
    domains.views.clear();
    expect((await cli('domain', 'ls', 'acme')).out).toBe(
      'No domains. Add one: tenement domain add acme shop.example.com\n',
    );
    expect((await cli('domain', 'ls', 'nobody')).err).toContain('unknown_tenant');
  });

  it('verify and rm name the domain', async () => {
    const { cli, domains } = await withAcme();
    domains.views.set('a.example', domainView('a.example'));
    expect((await cli('domain', 'verify', 'a.example')).out).toBe(
      'a.example leads to api:acme\nhttp://a.example:8080\n',
    );
    expect((await cli('domain', 'rm', 'a.example', '--tenant', 'acme')).out).toBe('a.example removed\n');
    expect(await cli('domain', 'rm', 'a.example')).toMatchObject({
      status: 1,
      err: expect.stringContaining('unknown_domain'),
    });
  });
});

describe('tenant', () => {
  it('create asks for domains, and prints where they lead', async () => {
    const { cli, tenants, domains } = await withAcme();
    tenants.views.set('globex', tenantView('globex', { domains: ['a.example'], instances: [] }));
    domains.views.set('a.example', domainView('a.example', { tenant: 'globex', reason: 'leads to api:globex' }));
    const { out } = await cli('tenant', 'create', 'globex', '--domain', 'a.example', '--domain', 'b.example');
    expect(out).toBe('globex active\na.example leads to api:globex\nhttp://a.example:8080\n');
    expect(tenants.calls[0]).toMatchObject(['create', 'globex', { domains: ['a.example', 'b.example'] }]);
  });

  it('show lists its domains', async () => {
    const { cli, tenants, domains } = await withAcme();
    tenants.views.set('acme', tenantView('acme', { domains: ['a.example'], instances: [] }));
    domains.views.set('a.example', domainView('a.example'));
    expect((await cli('tenant', 'show', 'acme')).out).toContain('  a.example  api:acme  active  http://a.example:8080');
  });
});
