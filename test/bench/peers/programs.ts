/** The programs of the peers: where they are, and how they start. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { AppName } from './peer.ts';

/** Directories where Debian installs programs that only root is meant to start. */
const SYSTEM_PATH = ['/usr/sbin', '/sbin'];

/** `TENEMENT_PEERS`, or a cache: where packages of npm and PyPI are installed, outside of the checkout. */
export function cacheDir(): string {
  const { TENEMENT_PEERS: chosen, XDG_CACHE_HOME: cache } = process.env;
  if (chosen !== undefined) return chosen;
  if (process.getuid?.() === 0) return '/var/cache/tenement-peers';
  return join(cache ?? join(homedir(), '.cache'), 'tenement-peers');
}

/** Returns the program's path, or null. */
export function findProgram(name: string): string | null {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_PATH];
  return dirs.map((dir) => join(dir, name)).find(isExecutable) ?? null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns a line that installs the missing ones of these Debian packages. */
export function debianRemedies(packages: readonly string[]): readonly string[] {
  const absent = packages.filter((name) => spawnSync('dpkg-query', ['--status', name]).status !== 0);
  return absent.length === 0 ? [] : [`apt-get install --no-install-recommends ${absent.join(' ')}`];
}

/** Returns a package of npm in the cache. */
export function npmPackage(name: string, wanted: string) {
  const dir = join(cacheDir(), 'node_modules', name);
  const installed = existsSync(dir);
  return {
    dir,
    version: installed ? String(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).version) : wanted,
    missing: installed ? [] : [`npm install --ignore-scripts --prefix ${cacheDir()} ${name}@${wanted}`],
  };
}

/** Returns the first number with dots in the command's output. */
export function versionOf(file: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? '?';
}

/** The environment of a peer: that of the bench may contain settings of the same peer. */
export function baseEnv(dir: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: dir, BENCH_DIR: dir, LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' };
}

/** Runs in the background until `processesOf(dir)` ends it; output goes to `DIR/log`. */
export function launch(dir: string, [file = '', ...args]: readonly string[], env: Record<string, string> = {}): void {
  const log = openSync(logOf(dir), 'a');
  const stdio = ['ignore', log, log] as const;
  const child = spawn(file, args, { cwd: dir, env: { ...baseEnv(dir), ...env }, stdio: [...stdio], detached: true });
  child.once('error', (error) => console.error(String(error)));
}

export function logOf(dir: string): string {
  return join(dir, 'log');
}

/** @throws {Error} with the output, unless the program exits with 0 */
export async function run(
  dir: string,
  [file = '', ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  await promisify(execFile)(file, args, { cwd: dir, env: { ...baseEnv(dir), ...env }, timeout: 60_000 });
}

/** Returns distinct ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(servers.map(portOf));
  for (const server of servers) server.close();
  return ports;
}

function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => {
    server.once('listening', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** Returns the command of the notes example, which needs the Node of the bench. */
export function notesCommand(apps: Readonly<Record<AppName, string>>): readonly string[] {
  return [process.execPath, join(apps.notes, 'app.js')];
}

export function tenantIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `t${index}`);
}
