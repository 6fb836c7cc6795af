/** An application started by hand: the time from spawn to the first 200 on its socket, noticed without slow polling. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, watch } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ServiceConfig } from '../../src/core/service/service.ts';
import { fillTemplate } from '../../src/core/service/template.ts';

export type Where = { readonly socketPath: string } | { readonly host: string; readonly port: number };

type Program = Pick<ServiceConfig, 'name' | 'command' | 'workdir'>;

/** Settles at the first 200; the returned function ends the application. */
export async function bareStart(service: Program, dir: string): Promise<() => Promise<void>> {
  mkdirSync(dir, { recursive: true });
  const socket = join(dir, 's');
  rmSync(socket, { force: true });
  const values = { id: 'bench', socket, data_dir: dir, tenant_dir: dir, service: service.name, runtime_dir: dir };
  const [file = '', ...args] = service.command.map((word) => fillTemplate(word, values));
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    TENANT_ID: 'bench',
    DATA_DIR: dir,
    SOCKET_PATH: socket,
    DATABASE_PATH: join(dir, 'app.db'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const child = spawn(file, args, { cwd: service.workdir, env, stdio: 'ignore', detached: true });
  await appeared(socket, dir);
  await get({ socketPath: socket }, 'bench.localhost');
  return () => end(child);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await gone;
}

function appeared(socket: string, dir: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!existsSync(socket)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dir, look);
    look();
  });
}

/** Sends GET /. A refused connection (bound, not yet listening) is retried at once; any other error ends the run. */
export function get(where: Where, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const asked = request({ ...where, path: '/', headers: { host }, agent: false }, async (response) => {
        const body = await text(response);
        if (response.statusCode === 200) resolve();
        else reject(new Error(`GET / answered ${response.statusCode}: ${body}`));
      });
      asked.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') setImmediate(attempt);
        else reject(error);
      });
      asked.end();
    };
    attempt();
  });
}
