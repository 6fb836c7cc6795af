/** The best case that a wake is compared with: an application started by hand, watched as closely as can be. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, mkdirSync, rmSync, watch } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';

export interface BareApp {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly path: string;
  readonly env: (dir: string) => Record<string, string>;
}

/** Milliseconds from the spawn to the whole of the first 200 on the application's Unix socket. */
export async function bareStart(app: BareApp, dir: string): Promise<number> {
  const socketPath = join(dir, 'run/app.sock');
  rmSync(join(dir, 'run'), { recursive: true, force: true });
  mkdirSync(join(dir, 'run'), { recursive: true });
  mkdirSync(join(dir, 'tmp'), { recursive: true });
  const bound = nameAppears(join(dir, 'run'));
  const startedAt = performance.now();
  const child = launch(app, dir, socketPath);
  try {
    await Promise.race([bound.seen, ended(child)]);
    await firstAnswer(socketPath, app.path, child);
    return performance.now() - startedAt;
  } finally {
    bound.watcher.close();
    await end(child);
  }
}

function launch(app: BareApp, dir: string, socketPath: string): ChildProcess {
  const [file, ...args] = app.command;
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: join(dir, 'tmp'),
    ...app.env(dir),
    TENANT_ID: 'bare',
    DATA_DIR: dir,
    SOCKET_PATH: socketPath,
  };
  const words = args.map((word) => word.replaceAll('{socket}', socketPath));
  return spawn(file, words, { cwd: app.cwd, env, detached: true, stdio: 'ignore' });
}

function nameAppears(directory: string): { watcher: FSWatcher; seen: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const watcher = watch(directory, (_event, name) => {
    if (name === 'app.sock') resolve();
  });
  return { watcher, seen: promise };
}

async function ended(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`the application ended before it answered: ${code ?? signal}`);
}

/** Asks until it is 200: refused at once between bind and listen, which lie microseconds apart. */
async function firstAnswer(socketPath: string, path: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if ((await statusOf(socketPath, path)) === 200) return;
  }
  throw new Error('the application ended before it answered');
}

/** The status once the whole answer is there; 0 without an answer. */
function statusOf(socketPath: string, path: string): Promise<number> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, path, agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    asking.once('error', () => resolve(0));
    asking.end();
  });
}

/** Ends the application's group and waits until it is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  process.kill(-child.pid, 'SIGTERM');
  await exit;
}
