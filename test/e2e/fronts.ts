/** Real front servers with the configuration that `tenement front` prints. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../ports.ts';
import type { OnFinished, TestServer } from './support.ts';

export interface Front {
  readonly port: number;
}

/** The front server runs until the test has finished. */
export type StartFront = (server: TestServer, onFinished?: OnFinished) => Promise<Front>;

/** The program runs in the foreground, so that it ends with the started process. */
export const startNginx: StartFront = async (server, onFinished) => {
  const port = await freePort();
  const { stdout } = await server.cli('front', 'nginx', '--listen', `127.0.0.1:${port}`);
  const dir = frontDir(server);
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, stdout);
  const globals = `daemon off; pid ${dir}/nginx.pid;`;
  const child = spawn('nginx', ['-p', dir, '-c', file, '-g', globals], { stdio: ['ignore', 'ignore', 'pipe'] });
  return run(port, child, onFinished);
};

/** Starts an nginx, with its files below `parent`, that keeps connections to a socket as its documentation proposes. */
export async function startKeepingNginx(parent: string, socket: string, onFinished?: OnFinished): Promise<Front> {
  const port = await freePort();
  const dir = mkdtempSync(join(parent, 'keeping-'));
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
  return run(port, spawn('nginx', ['-p', dir, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] }), onFinished);
}

/** A missing program skips its tests by name, and fails them in CI. */
export function isMissing(program: string): boolean {
  if (process.env['CI'] === 'true') return false;
  return spawnSync(program, ['-h'], { stdio: 'ignore' }).error !== undefined;
}

export const startCaddy: StartFront = async (server, onFinished) => {
  const port = await freePort();
  const { stdout } = await server.cli('front', 'caddy', '--site', `http://:${port}`);
  const dir = frontDir(server);
  const file = join(dir, 'Caddyfile');
  // Caddy's own API would listen on a fixed port.
  writeFileSync(file, `{\n\tadmin off\n}\n${stdout}`);
  const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const args = ['run', '--adapter', 'caddyfile', '--config', file];
  return run(port, spawn('caddy', args, { env, stdio: ['ignore', 'ignore', 'pipe'] }), onFinished);
};

function frontDir(server: TestServer): string {
  const dir = mkdtempSync(join(server.dir, 'front-'));
  // nginx's workers run as another user.
  for (const path of [server.dir, dir]) chmodSync(path, 0o755);
  return dir;
}

async function run(port: number, child: ChildProcess, onFinished: OnFinished = onTestFinished): Promise<Front> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  onFinished(async () => {
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
