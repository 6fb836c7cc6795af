/** Real front servers, run on the configuration that `tenement front` prints. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../ports.ts';
import type { TestServer } from './support.ts';

export interface Front {
  readonly port: number;
}

export type StartFront = (server: TestServer) => Promise<Front>;

/** Runs in the foreground, so that it ends with the process that was started here. */
export const startNginx: StartFront = async (server) => {
  const port = await freePort();
  const { stdout } = await server.cli('front', 'nginx', '--listen', `127.0.0.1:${port}`);
  const dir = frontDir(server);
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, stdout);
  const globals = `daemon off; pid ${dir}/nginx.pid;`;
  return run(port, spawn('nginx', ['-p', dir, '-c', file, '-g', globals], { stdio: ['ignore', 'ignore', 'pipe'] }));
};

/** Starts an nginx that keeps connections to a socket, as its documentation proposes for upstreams. */
export async function startKeepingNginx(dir: string, socket: string): Promise<Front> {
  const port = await freePort();
  const file = join(dir, 'keeping.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${dir}/${name};`,
  );
  writeFileSync(
    file,
    `daemon off; pid ${dir}/keeping.pid; error_log stderr; user root root; worker_processes 2; events {}
http { access_log off; ${temporary.join(' ')}
map $http_upgrade $keep { default upgrade; '' ''; }
upstream app { server unix:${socket}; keepalive 8; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; proxy_http_version 1.1;
proxy_set_header Connection $keep; proxy_set_header Upgrade $http_upgrade; } } }`,
  );
  return run(port, spawn('nginx', ['-p', dir, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] }));
}

/** A missing program skips its tests by name; in CI it fails them. */
export function isMissing(program: string): boolean {
  if (process.env['CI'] === 'true') return false;
  return spawnSync(program, ['-h'], { stdio: 'ignore' }).error !== undefined;
}

export const startCaddy: StartFront = async (server) => {
  const port = await freePort();
  const { stdout } = await server.cli('front', 'caddy', '--site', `http://:${port}`);
  const dir = frontDir(server);
  const file = join(dir, 'Caddyfile');
  // Caddy's own API would listen on a fixed port.
  writeFileSync(file, `{\n\tadmin off\n}\n${stdout}`);
  const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const args = ['run', '--adapter', 'caddyfile', '--config', file];
  return run(port, spawn('caddy', args, { env, stdio: ['ignore', 'ignore', 'pipe'] }));
};

function frontDir(server: TestServer): string {
  const dir = join(server.dir, 'front');
  mkdirSync(dir);
  // nginx's workers run as another user.
  chmodSync(server.dir, 0o755);
  return dir;
}

async function run(port: number, child: ChildProcess): Promise<Front> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  onTestFinished(async () => {
    child.kill();
    await exited;
  });
  const died = exited.then(() => Promise.reject(new Error(`the front server ended: ${log}`)));
  died.catch(() => {});
  await Promise.race([listening(port), died]);
  return { port };
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (accepted) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
