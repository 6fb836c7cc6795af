/** The measured proxies: each on one core, in front of `DIR/t0.sock`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Peer {
  readonly name: string;
  readonly command: (port: number, dir: string) => readonly string[];
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export const tenement = (tenants: number): Peer => ({
  name: 'tenement',
  command: (port, dir) => [process.execPath, here('proxy-server.ts'), String(port), String(tenants), dir],
});

/** tenement with so many domains of tenants' own. */
export const withDomains = (domains: number): Peer => ({
  name: `${domains} domains`,
  command: (port, dir) => [process.execPath, here('proxy-server.ts'), String(port), '1', dir, `domains=${domains}`],
});

/** The same under a plan with a rate and a quota. */
const UNDER_PLAN: Peer = {
  name: 'with a plan',
  command: (port, dir) => [process.execPath, here('proxy-server.ts'), String(port), '1', dir, 'plan'],
};

/** tenement's proxy of another checkout. */
export const otherBuild = (checkout: string): Peer => ({
  name: 'other',
  command: (port, dir) => [process.execPath, `${checkout}/test/bench/proxy-server.ts`, String(port), '1', dir],
});

/** http-proxy by default, with a connection for each request; and with a keep-alive agent. */
const httpProxy = (name: string, mode: 'plain' | 'agent'): Peer => ({
  name,
  command: (port, dir) => [process.execPath, here('http-proxy-server.ts'), String(port), dir, mode],
});

/** A relay, not a proxy: the cost of reading and writing alone in a Node program. */
const RELAY: Peer = {
  name: 'bare relay',
  command: (port, dir) => [process.execPath, here('relay-server.ts'), String(port), dir],
};

export const PEERS: readonly Peer[] = [
  {
    name: 'nginx',
    command: (port, dir) => ['nginx', '-c', written(`${dir}/nginx-${port}.conf`, nginxConf(port, dir))],
  },
  {
    name: 'HAProxy',
    command: (port, dir) => ['haproxy', '-q', '-f', written(`${dir}/ha-${port}.cfg`, haproxyConf(port, dir))],
  },
  {
    name: 'Caddy',
    command: (port, dir) => [
      'caddy',
      'run',
      '--adapter',
      'caddyfile',
      '--config',
      written(`${dir}/Caddyfile-${port}`, caddyfile(port, dir)),
    ],
  },
  RELAY,
  tenement(1),
  UNDER_PLAN,
  httpProxy('http-proxy', 'plain'),
  httpProxy('with agent', 'agent'),
  {
    name: 'CHP',
    command: (port, dir) => [
      process.execPath,
      fileURLToPath(import.meta.resolve('configurable-http-proxy/bin/configurable-http-proxy')),
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--api-port=${port + 1000}`,
      '--log-level=error',
      `--default-target=http+unix://${encodeURIComponent(`${dir}/t0.sock`)}`,
    ],
  },
];

/** Starts the proxy pinned to a core; settles when it accepts connections. */
export async function startPinned(core: number, command: readonly string[], port: number): Promise<ChildProcess> {
  const env = { ...process.env, GOMAXPROCS: '1', HOME: '/tmp', XDG_DATA_HOME: '/tmp', XDG_CONFIG_HOME: '/tmp' };
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended: ${said}`);
    if (await accepts(port)) return child;
    await delay(25);
  }
  throw new Error(`${command.join(' ')} does not listen: ${said}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export function written(file: string, text: string): string {
  writeFileSync(file, text);
  return file;
}

/** nginx with an upstream for each tenant, chosen by host. */
export const nginxOf = (tenants: number): Peer => ({
  name: 'nginx',
  command: (port, dir) => ['nginx', '-c', written(`${dir}/nginx-${port}.conf`, nginxTenantsConf(port, dir, tenants))],
});

function nginxTenantsConf(port: number, dir: string, tenants: number): string {
  const all = Array.from({ length: tenants }, (_, index) => index);
  const upstreams = all.map(
    (index) => `upstream u${index} { server unix:${dir}/t${index}.sock; keepalive 32; keepalive_requests 1000000000; }`,
  );
  const names = all.map((index) => `t${index}.localhost u${index};`);
  return nginxBase(
    dir,
    `${upstreams.join('\n')} map_hash_max_size 8192; map_hash_bucket_size 128; map $host $up { ${names.join(' ')} }
server { listen 127.0.0.1:${port} backlog=4096; location / { proxy_pass http://$up; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Request-Id $request_id; } }`,
  );
}

/** One nginx worker in the foreground, which logs only critical errors. */
export function nginxBase(dir: string, http: string): string {
  return `daemon off; master_process off; worker_processes 1; pid ${dir}/nginx-${Math.random()}.pid;
error_log stderr crit; worker_rlimit_nofile 8192; events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f;
uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s; keepalive_requests 1000000000; client_max_body_size 0; ${http} }`;
}

/** @param secure further words of `listen`, and directives, for TLS */
export function nginxConf(port: number, dir: string, secure = { listen: '', directives: '' }): string {
  return nginxBase(
    dir,
    `upstream app { server unix:${dir}/t0.sock; keepalive 600; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${port} backlog=4096 ${secure.listen}; ${secure.directives} location / { proxy_pass http://app; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Request-Id $request_id; proxy_request_buffering off; } }`,
  );
}

function haproxyConf(port: number, dir: string): string {
  return `global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server t0 unix@${dir}/t0.sock
`;
}

/** @param secure a site, global options and directives of the site, for TLS */
export function caddyfile(
  port: number,
  dir: string,
  secure = { site: `http://:${port}`, options: '', directives: '' },
): string {
  return `{
  admin off
  auto_https off
  ${secure.options}
  log {
    level ERROR
  }
}
${secure.site} {
  bind 127.0.0.1
  ${secure.directives}
  reverse_proxy unix/${dir}/t0.sock {
    transport http {
      keepalive_idle_conns_per_host 600
    }
  }
}
`;
}
