import { describe, expect, it } from 'vitest';
import { candidates } from '../../src/core/routing/routing.ts';
import type { Config, ServiceConfig } from '../../src/core/service/service.ts';
import { caddyConfig } from '../../src/front/caddy.ts';
import { nginxConfig } from '../../src/front/nginx.ts';
import { frontAliases, frontRules } from '../../src/front/rules.ts';
import { configOf, SERVICE } from '../supervisor/fakes.ts';

const WEB: ServiceConfig = { ...SERVICE, name: 'web', socket: '{runtime_dir}/{service}-{id}.sock' };
const PORTED: ServiceConfig = { ...SERVICE, name: 'ported', listen: 'port' };

function config(domains: readonly string[], change: Partial<Config['proxy']> = {}, socket = WEB.socket): Config {
  const base = configOf({ ...WEB, socket }, { runtimeDir: '/run/tenement', dataDir: '/data' });
  return {
    ...base,
    api: { ...base.api, listen: { host: '127.0.0.1', port: 8000 } },
    services: new Map([{ ...WEB, socket }, PORTED].map((service) => [service.name, service])),
    proxy: { ...base.proxy, domains, defaultService: 'web', ...change },
    aliases: new Map([['shop', 'acme']]),
  };
}

/** The instance that a front server would find, which knows patterns alone. */
function found(of: Config, host: string): string | null {
  for (const { service, label, rest, tenantId } of frontAliases(of)) {
    if (new RegExp(`^${label}${rest}$`).test(host)) return `${service.name}:${tenantId}`;
  }
  for (const { service, pattern } of frontRules(of)) {
    const id = new RegExp(`^${pattern}$`).exec(host)?.[1];
    if (id !== undefined) return `${service.name}:${id}`;
  }
  return null;
}

const HOSTS = [
  'acme.localhost',
  'acme.web.localhost',
  'acme.ported.localhost',
  'acme.other.localhost',
  'localhost',
  'web.localhost',
  'acme.example.com',
  'acme.web.example.com',
  'acmeXlocalhost',
  '-acme.localhost',
  'acme-.localhost',
  `${'a'.repeat(63)}.localhost`,
  `${'a'.repeat(64)}.localhost`,
  'a.b.c.localhost',
  '127.0.0.1',
  '',
];

describe.each([[['localhost']], [['localhost', 'example.com']], [['*']]])('hosts of %s', (domains) => {
  it.each(HOSTS)('%j leads where the proxy would look first', (host) => {
    const of = config(domains);
    const table = { ...of.proxy, services: new Set(of.services.keys()), aliases: new Map<string, string>() };
    expect(found(of, host)).toBe(candidates(host, table)[0] ?? null);
  });
});

it('an alias leads to its tenant, with and without the service', () => {
  const of = config(['localhost']);
  expect(found(of, 'shop.localhost')).toBe('web:acme');
  expect(found(of, 'shop.ported.localhost')).toBe('ported:acme');
});

it('one that listens on a port is reached through the proxy', () => {
  const text = nginxConfig(config(['localhost'], { listen: { host: '::', port: 9000 } }), {
    listen: '80',
    include: false,
    user: null,
  });
  expect(text).toContain('\\.ported\\.localhost$" "127.0.0.1:9000";');
});

it('only what stands inside http is printed for conf.d', () => {
  const text = nginxConfig(config(['localhost']), { listen: '80', include: true, user: 'www-data' });
  expect(text).not.toContain('events {');
  expect(text).not.toContain('user www-data;');
  expect(text).toMatch(/^map \$host/m);
  expect(text).toContain('Only their owner may connect to the sockets of: web. Set socket_group = "www-data"');
});

it('Caddy asks for certificates where a domain is not local, for hosts that tenement knows', () => {
  expect(caddyConfig(config(['example.com']), { site: null })).toContain('ask http://127.0.0.1:8000/api/ask');
  expect(caddyConfig(config(['localhost']), { site: null })).not.toMatch(/^\ttls/m);
});

it.each(['/run/$x/{id}.sock', '/run/"x"/{id}.sock', '/run/a:b/{id}.sock'])(
  'nginx is not told a path like %s',
  (socket) => {
    const of = config(['localhost'], {}, socket);
    expect(() => nginxConfig(of, { listen: '80', include: false, user: null })).toThrow(
      expect.objectContaining({ code: 'bad_config' }),
    );
  },
);

it.each(['/run/a b/{id}.sock', '/run/`x`/{id}.sock'])('Caddy is not told a path like %s', (socket) => {
  const of = config(['localhost'], {}, socket);
  expect(() => caddyConfig(of, { site: null })).toThrow(expect.objectContaining({ code: 'bad_config' }));
});
