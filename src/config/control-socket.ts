/**
 * Tells the command line where a config's running server is: its control socket in the state directory. A running
 * server leaves a note of that under the name of its config file. The note helps while the file is being edited, or
 * when the server was given another data directory.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config, Settings } from '../core/service/service.ts';

/**
 * Returns the control socket of the server that runs `file`, if any. @throws {TenementError} `config_not_found`,
 * `bad_config`
 */
export async function findControlSocket(file: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const noted = notedControlSocket(file, env);
  if (noted !== null) return noted;
  // Loaded here, because the schema takes longer to load than most commands take to run.
  const { loadConfig } = await import('./load.ts');
  return controlSocketOf(loadConfig(file).settings);
}

/** Returns the control socket that the running server of `file` has noted; null without one. */
export function notedControlSocket(file: string, env: NodeJS.ProcessEnv): string | null {
  const noted = readNote(noteFor(file, env));
  return noted !== null && existsSync(noted) ? noted : null;
}

export function controlSocketOf({ stateDir }: Pick<Settings, 'stateDir'>): string {
  return join(stateDir, 'control.sock');
}

/**
 * Notes the control socket of a server; the returned function removes the note.
 * @throws {Error} when the directory of notes belongs to another user, or cannot be written
 */
export function tellControlSocket(config: Config, env: NodeJS.ProcessEnv = process.env): () => void {
  const path = noteFor(config.file, env);
  const forget = () => rmSync(path, { force: true });
  // Others may pass through, because the directory also holds sockets; the notes are private files.
  if (mkdirSync(noteDir(env), { recursive: true }) !== undefined) chmodSync(noteDir(env), 0o755);
  if (!isOurs(noteDir(env))) throw new Error(`${noteDir(env)} belongs to another user`);
  // A note of an earlier server is outdated.
  forget();
  writeFileSync(path, controlSocketOf(config.settings), { mode: 0o600, flag: 'wx' });
  return forget;
}

function noteFor(file: string, env: NodeJS.ProcessEnv): string {
  const name = createHash('sha256').update(realpathSync(file)).digest('hex').slice(0, 16);
  return join(noteDir(env), `.${name}.control`);
}

/** Returns this user's directory for short-lived files, which is known without the config. */
function noteDir(env: NodeJS.ProcessEnv): string {
  const { XDG_RUNTIME_DIR: userDir } = env;
  if (userDir !== undefined && userDir !== '') return join(userDir, 'tenement');
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? '/run/tenement' : join(tmpdir(), `tenement-${uid}`);
}

/** No other user may decide where the server is. */
function isOurs(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.uid === (process.getuid?.() ?? stat.uid) && !stat.isSymbolicLink();
}

function readNote(path: string): string | null {
  try {
    return isOurs(path) ? readFileSync(path, 'utf8') : null;
  } catch {
    return null;
  }
}
