/** One table routes everywhere: the proxy, its workers, `/api/ask`, and the real nginx and Caddy as `tenement front` prints them. */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  ALIASES,
  DEFAULT_SERVICE,
  OWN_DOMAINS,
  OWN_HOSTS,
  REFUSALS,
  REGISTERED,
  ROUTED_HOSTS,
  type RoutedHosts,
  SERVICES,
} from '../fixtures/routed-hosts.ts';
import { freePort } from '../ports.ts';
import { isMissing, startCaddy, startNginx } from './fronts.ts';
import { type OnFinished, serve, shared, type TestServer } from './support.ts';

interface Found {
  readonly status: number;
  /** The name of the instance that answered, as its process got it. */
  readonly instance: string | null;
}

function config({ domains }: RoutedHosts, listen: string, workers: number): string {
  const services = SERVICES.map(
    (name) => `[service.${name}]
command = "node {fixtures}/tenant.mjs"
${name === 'ported' ? 'listen = "port"' : 'socket_group = "www-data"'}
`,
  );
  const instances = SERVICES.map((service) => {
    const names = REGISTERED.filter((name) => name.startsWith(`${service}:`));
    return `${service} = ${JSON.stringify(names.map((name) => name.slice(service.length + 1)))}\n`;
  });
  const aliases = Object.entries(ALIASES).map(([label, id]) => `${label} = "${id}"\n`);
  return `${services.join('')}[proxy]
domain = ${JSON.stringify(domains)}
default_service = "${DEFAULT_SERVICE}"
listen = "${listen}"
workers = ${workers}
[routing.aliases]
${aliases.join('')}[instances]
${instances.join('')}`;
}

async function served(hosts: RoutedHosts, workers: number, onFinished?: OnFinished): Promise<TestServer> {
  const listen = `127.0.0.1:${await freePort()}`;
  const server = await serve(config(hosts, listen, workers), ['--proxy', listen], onFinished);
  await Promise.all(Object.entries(OWN_DOMAINS).map(([domain, instance]) => addDomain(server, domain, instance)));
  return server;
}

async function addDomain(server: TestServer, domain: string, instance: string): Promise<void> {
  const [service, tenant] = instance.split(':');
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ tenant, domain, service });
  const { status } = await server.api('/api/domains', { method: 'POST', headers, body });
  if (status !== 201) throw new Error(`${domain} was not added: ${status}`);
}

/** Sends the Host unchanged, whatever it is. */
function ask(port: number, host: string): Promise<Found> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/env', setHost: false, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        resolve({ status, instance: status === 200 ? instanceOf(JSON.parse(body)) : null });
      });
    });
    outgoing.on('error', reject).setHeader('Host', host).end();
  });
}

function instanceOf({ SERVICE_NAME, TENANT_ID }: Record<string, string>): string {
  return `${SERVICE_NAME}:${TENANT_ID}`;
}

/** `strict`: a front server may judge invalid hosts differently, but routes them to no tenant. */
async function expectRouted(port: number, { hosts }: RoutedHosts, strict: boolean): Promise<void> {
  for (const [host, expected] of Object.entries({ ...hosts, ...OWN_HOSTS })) {
    const { status, instance } = await ask(port, host);
    if (!REFUSALS.includes(expected)) expect.soft(instance, `${host} (${status})`).toBe(expected);
    else if (strict) expect.soft(status, host).toBe(expected === 'bad_host' ? 400 : 404);
    else expect.soft([400, 404], `${host} (${status})`).toContain(status);
  }
}

describe.each(ROUTED_HOSTS)('hosts of $domains', (hosts) => {
  const running = shared((onFinished) => served(hosts, 1, onFinished));

  it('lead to the same instances through the proxy, and are known when a certificate is asked for', async () => {
    const server = running();
    await expectRouted(server.proxyPort, hosts, true);
    for (const [host, expected] of Object.entries({ ...hosts.hosts, ...OWN_HOSTS })) {
      const { status } = await server.api(`/api/ask?domain=${encodeURIComponent(host)}`);
      expect.soft(status, host).toBe(REFUSALS.includes(expected) ? 404 : 200);
    }
  });

  it('lead to the same instances through proxy workers', async () => {
    const server = await served(hosts, 2);
    await expectRouted(server.proxyPort, hosts, true);
  });

  it.skipIf(isMissing('nginx'))('lead to the same instances through nginx (apt-get install nginx)', async () => {
    const { port } = await startNginx(running());
    await expectRouted(port, hosts, false);
  });

  it.skipIf(isMissing('caddy'))('lead to the same instances through Caddy (apt-get install caddy)', async () => {
    const { port } = await startCaddy(running());
    await expectRouted(port, hosts, false);
  });
});
