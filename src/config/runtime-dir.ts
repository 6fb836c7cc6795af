/**
 * Where a server's sockets lie. Servers that do not configure `runtime_dir` have one default in common. The first takes
 * it; another is given a directory beside it, and notes that in its state directory, so that its sockets stay where
 * they are whichever of the two starts first the next time.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Settings } from '../core/service/service.ts';

export interface RuntimeDirOptions {
  /** `runtime_dir`, from `configDir`. */
  readonly configured: string | undefined;
  readonly configDir: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
  /** Not the default, which is another server's. */
  readonly own: boolean;
}

export type RuntimeDir = Pick<Settings, 'runtimeDir' | 'runtimeDirSource'>;

export function chooseRuntimeDir(options: RuntimeDirOptions): RuntimeDir {
  const { configured, configDir, stateDir, env, uid } = options;
  if (configured !== undefined) return { runtimeDir: resolve(configDir, configured), runtimeDirSource: 'config' };
  const common = commonRuntimeDir(env, uid);
  if (common === null) return { runtimeDir: join(stateDir, 'run'), runtimeDirSource: 'default' };
  const own = `${common}-${digest(stateDir)}`;
  // With another environment there is another default, and a copy of the state directory has another name.
  if (options.own || readNote(stateDir) === own) return { runtimeDir: own, runtimeDirSource: 'own' };
  return { runtimeDir: common, runtimeDirSource: 'default' };
}

/** From now on `runtimeDir` is what `chooseRuntimeDir` chooses. @throws {Error} */
export function noteRuntimeDir({ stateDir, runtimeDir }: Pick<Settings, 'stateDir' | 'runtimeDir'>): void {
  writeFileSync(noteIn(stateDir), `${runtimeDir}\n`, { mode: 0o600 });
}

/** Of all servers of a user; null: they have none in common. */
function commonRuntimeDir({ XDG_RUNTIME_DIR: userDir }: NodeJS.ProcessEnv, uid: number | undefined): string | null {
  if (userDir !== undefined && userDir !== '') return join(userDir, 'tenement');
  return uid === 0 ? '/run/tenement' : null;
}

/** Short, since a socket's path holds 107 bytes. */
function digest(stateDir: string): string {
  return createHash('sha256').update(realPath(stateDir)).digest('hex').slice(0, 8);
}

/** Without links, as far as it exists. */
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
