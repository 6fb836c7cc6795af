/**
 * Chooses the directory of a server's sockets. Servers without a configured `runtime_dir` share one default. The first
 * server takes it. Another one gets a directory beside it, and notes that in its state directory, so that its sockets
 * stay in the same place whichever server starts first the next time.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Settings } from '../core/service/service.ts';

export interface RuntimeDirOptions {
  /** `runtime_dir`, relative to `configDir`. */
  readonly configured: string | undefined;
  readonly configDir: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
  /** Whether to avoid the default directory, which belongs to another server. */
  readonly own: boolean;
}

export type RuntimeDir = Pick<Settings, 'runtimeDir' | 'runtimeDirSource'>;

export function chooseRuntimeDir(options: RuntimeDirOptions): RuntimeDir {
  const { configured, configDir, stateDir, env, uid } = options;
  if (configured !== undefined) return { runtimeDir: resolve(configDir, configured), runtimeDirSource: 'config' };
  const common = commonRuntimeDir(env, uid);
  if (common === null) return { runtimeDir: join(stateDir, 'run'), runtimeDirSource: 'default' };
  const own = `${common}-${digest(stateDir)}`;
  // The noted name depends on the environment, and on the state directory, which may be a copy.
  if (options.own || readNote(stateDir) === own) return { runtimeDir: own, runtimeDirSource: 'own' };
  return { runtimeDir: common, runtimeDirSource: 'default' };
}

/** Makes `chooseRuntimeDir` choose this directory from now on. @throws {Error} when the note cannot be written */
export function noteRuntimeDir({ stateDir, runtimeDir }: Pick<Settings, 'stateDir' | 'runtimeDir'>): void {
  writeFileSync(noteIn(stateDir), `${runtimeDir}\n`, { mode: 0o600 });
}

/** Returns the default of all servers of a user; null: there is none. */
function commonRuntimeDir({ XDG_RUNTIME_DIR: userDir }: NodeJS.ProcessEnv, uid: number | undefined): string | null {
  if (userDir !== undefined && userDir !== '') return join(userDir, 'tenement');
  return uid === 0 ? '/run/tenement' : null;
}

/** Short, because a socket's path holds at most 107 bytes. */
function digest(stateDir: string): string {
  return createHash('sha256').update(realPath(stateDir)).digest('hex').slice(0, 8);
}

/** Resolves symbolic links, as far as the path exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
  }
}

function readNote(stateDir: string): string | null {
  try {
    return readFileSync(noteIn(stateDir), 'utf8').trim();
  } catch {
    return null;
  }
}

function noteIn(stateDir: string): string {
  return join(stateDir, 'runtime-dir');
}
