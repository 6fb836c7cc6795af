/** Domains of tenants' own, on a real server with proxy workers, and in a host program. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DomainView } from '../../src/core/verbs/domain-verbs.ts';
import { type DnsServer, dnsServer } from '../dns-server.ts';
import { loadHypervisor } from './hypervisors.ts';
import { serve, shared, type TestServer } from './support.ts';
import { send } from './test-server.ts';
import { killIfThere, replaced, statusOrNone, workersOf } from './worker-processes.ts';

const SERVICE = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

/** Asks on many connections, so that every worker is among those that answer. */
async function statusesAt(server: TestServer, host: string): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: 30 }, () => server.get(host, '/health')));
  return [...new Set(answers.map(({ status }) => status))];
}

const asked = async (server: TestServer, host: string) => (await server.api(`/api/ask?domain=${host}`)).status;

describe('with proxy workers', () => {
  const running = shared(async (onFinished) => {
    const dns = await dnsServer();
    onFinished(() => dns.close());
    const config = `[proxy]\nworkers = 2\n${SERVICE}[tenants]\ndns_servers = ["${dns.address}"]\n`;
    const server = await serve(config, [], onFinished);
    for (const id of ['acme', 'globex']) await server.cli('tenant', 'create', id);
    return { server, dns };
  });

  it('a domain is routed by every worker when the command is over, and no more when it is removed', async () => {
    const { server } = running();
    expect(await statusesAt(server, 'shop.acme.example')).toEqual([404]);
    const { stdout } = await server.cli('domain', 'add', 'acme', 'Shop.Acme.example.');
    expect(stdout).toContain('shop.acme.example leads to app:acme');
    expect(await statusesAt(server, 'shop.acme.example')).toEqual([200]);
    expect(JSON.parse((await server.get('SHOP.acme.example:80')).body).tenant).toBe('acme');
    expect(await asked(server, 'shop.acme.example')).toBe(200);
    await server.cli('domain', 'rm', 'shop.acme.example');
    expect(await statusesAt(server, 'shop.acme.example')).toEqual([404]);
    expect(await asked(server, 'shop.acme.example')).toBe(404);
  });

  it('a worker that takes the place of another has all domains', async () => {
    const { server } = running();
    await server.cli('domain', 'add', 'acme', 'kept.acme.example');
    await expect.poll(() => workersOf(server)).toHaveLength(2);
    const before = workersOf(server);
    for (const pid of before) killIfThere(pid);
    await replaced(server, before);
    await expect.poll(() => statusOrNone(server, 'kept.acme.example')).toBe(200);
    expect(await statusesAt(server, 'kept.acme.example')).toEqual([200]);
  });

  it('a tenant that is removed takes its domains with it', async () => {
    const { server } = running();
    await server.cli('tenant', 'create', 'initech', '--domain', 'initech.example', '--domain', 'bücher.example');
    expect(await statusesAt(server, 'xn--bcher-kva.example')).toEqual([200]);
    await server.cli('tenant', 'rm', 'initech', '--purge', '--yes');
    expect(await statusesAt(server, 'initech.example')).toEqual([404]);
    expect((await server.cli('domain', 'ls')).stdout).not.toContain('initech');
    await server.cli('domain', 'add', 'globex', 'initech.example');
    expect(JSON.parse((await server.get('initech.example')).body).tenant).toBe('globex');
  });

  it('a domain that has to be proved is routed and certified only then, and by the first who proves it', async () => {
    const { server, dns } = running();
    const claim = async (id: string): Promise<DomainView> =>
      JSON.parse((await server.cli('domain', 'add', id, 'proved.example', '--verify', '--json')).stdout);
    await claim('globex');
    const { proof } = await claim('acme');
    expect(await statusesAt(server, 'proved.example')).toEqual([404]);
    expect(await asked(server, 'proved.example')).toBe(404);
    const early = await server.cli('domain', 'verify', 'proved.example', '--tenant', 'acme');
    expect([early.status, early.stderr]).toEqual([1, expect.stringContaining('there is no such TXT record yet')]);
    dns.texts.set('_tenement.proved.example', ['v=spf1 -all', proof?.value ?? '']);
    const verified = await server.cli('domain', 'verify', 'proved.example', '--tenant', 'acme');
    expect(verified.stdout).toContain('proved.example verified, leads to app:acme');
    expect(JSON.parse((await server.get('proved.example')).body).tenant).toBe('acme');
    expect(await asked(server, 'proved.example')).toBe(200);
  });
});

describe('with verify_domains', () => {
  async function started(): Promise<{ server: TestServer; dns: DnsServer }> {
    const dns = await dnsServer();
    onTestFinished(() => dns.close());
    const server = await serve(`${SERVICE}[tenants]\nverify_domains = true\ndns_servers = ["${dns.address}"]\n`);
    return { server, dns };
  }

  it('a domain is routed by the next server when its record is found, though this one is killed', async () => {
    const { server, dns } = await started();
    const { stdout } = await server.cli('tenant', 'create', 'acme', '--domain', 'late.example');
    expect(stdout).toContain('late.example will lead to app:acme when DNS has this record:');
    const token = /tenement-[0-9a-f]+/.exec(stdout)?.[0] ?? '';
    await server.stop('SIGKILL');
    dns.texts.set('_tenement.late.example', [token]);
    await server.start();
    await server.cli('domain', 'verify', 'late.example');
    expect((await server.get('late.example')).status).toBe(200);
    await server.stop('SIGKILL');
    await server.start();
    expect((await server.get('late.example')).status).toBe(200);
    expect(dns.asked).toContain('_tenement.late.example');
  });
});

it("a host program's handler routes by domains as they change", async () => {
  const hypervisor = await loadHypervisor(SERVICE);
  await hypervisor.tenants.create('acme', { domains: ['a.example'] });
  const { request } = hypervisor.handler();
  const server = createServer((message, response) => request(message, response)).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const statusOf = async (host: string) => (await send(port, '/health', { headers: { host } })).status;
  expect([await statusOf('a.example'), await statusOf('b.example')]).toEqual([200, 404]);
  expect(await hypervisor.domains.add('acme', 'B.example')).toMatchObject({ domain: 'b.example', state: 'active' });
  await hypervisor.domains.remove('a.example');
  expect([await statusOf('a.example'), await statusOf('b.example')]).toEqual([404, 200]);
  expect(hypervisor.domains.list().domains).toMatchObject([{ domain: 'b.example', tenant: 'acme' }]);
  await expect(hypervisor.domains.add('acme', 'c.example', { verfy: true } as object)).rejects.toMatchObject({
    code: 'bad_input',
  });
});
