import { expect, it } from 'vitest';
import type { Config, ServiceConfig } from '../../src/core/service/service.ts';
import { caddyConfig } from '../../src/front/caddy.ts';
import { nginxConfig } from '../../src/front/nginx.ts';
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

it('both configurations look for an alias only after a tenant of its name', () => {
  const of = config(['localhost']);
  const sockets = ['/run/tenement/web-shop.sock', '/run/tenement/web-acme.sock'];
  const nginx = nginxConfig(of, { listen: '80', include: true, user: null });
  for (const [place, socket] of sockets.entries()) {
    const map = nginx.slice(nginx.indexOf(`$tenement_socket_${place + 1} {`));
    expect(map).toContain(`"~^shop\\.localhost$" "${socket}";`);
  }
  const caddy = caddyConfig(of, { site: null });
  const [own = -1, alias = -1] = sockets.map((socket) => caddy.indexOf(`try_files ${socket}`));
  expect(own).toBeGreaterThan(0);
  expect(alias).toBeGreaterThan(own);
});

it('sockets in a directory that tenants may write never decide whose an alias is', () => {
  const of = config(['localhost'], {}, '/tmp/{service}-{id}.sock');
  for (const text of [nginxConfig(of, { listen: '80', include: true, user: null }), caddyConfig(of, { site: null })]) {
    expect(text).not.toContain('/tmp/web-shop.sock');
    expect(text).not.toContain('/tmp/web-acme.sock');
  }
});

it('an instance that listens on a port is reached through the proxy', () => {
  const text = nginxConfig(config(['localhost'], { listen: { host: '::', port: 9000 } }), {
    listen: '80',
    include: false,
    user: null,
  });
  const [sockets] = text.slice(text.indexOf('$tenement_socket_1 {')).split('}\n', 1);
  expect(sockets).toMatch(/\\\.ported\\\.localhost\$" "";/);
  expect(text).toMatch(/location @tenement \{[^}]*\}[^}]*proxy_pass http:\/\/127\.0\.0\.1:9000;/);
});

it('the output for conf.d has only what belongs inside http', () => {
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
  'the nginx configuration refuses a path like %s',
  (socket) => {
    const of = config(['localhost'], {}, socket);
    expect(() => nginxConfig(of, { listen: '80', include: false, user: null })).toThrow(
      expect.objectContaining({ code: 'bad_config' }),
    );
  },
);

it.each(['/run/a b/{id}.sock', '/run/`x`/{id}.sock'])('the Caddy configuration refuses a path like %s', (socket) => {
  const of = config(['localhost'], {}, socket);
  expect(() => caddyConfig(of, { site: null })).toThrow(expect.objectContaining({ code: 'bad_config' }));
});

it('when not only the host names the tenant, every request goes through the proxy, without what a client claims', () => {
  const tenantFrom: Config['tenantFrom'] = {
    sources: [{ kind: 'host' }, { kind: 'header', name: 'x-org' }],
    onMismatch: 'refuse',
  };
  const of = { ...config(['localhost']), tenantFrom };
  const nginx = nginxConfig(of, { listen: '80', include: true, user: null });
  expect(nginx).not.toContain('/run/tenement');
  expect(nginx).toContain('proxy_set_header X-Org "";');
  const caddy = caddyConfig(of, { site: null });
  expect(caddy).not.toContain('/run/tenement');
  expect(caddy).toContain('request_header -x-org\n');
});

it('both configurations reach the proxy at its socket, if a group may connect to it', () => {
  const of = config(['localhost'], { socketGroup: 33 });
  const nginx = nginxConfig(of, { listen: '80', include: true, user: null });
  expect(nginx).toContain('proxy_pass http://unix:/run/tenement/@proxy.sock;');
  expect(caddyConfig(of, { site: null })).toContain('reverse_proxy unix//run/tenement/@proxy.sock\n');
  for (const text of [nginx, caddyConfig(of, { site: null })]) expect(text).not.toContain('127.0.0.1:8080');
});
