/**
 * Where the CLI finds a config's running server: the control socket in its state directory. A server that
 * was given another data directory leaves a note of that in the runtime directory, under the config's name.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config, Settings } from '../core/service.ts';
import { loadConfig } from './load.ts';

/** The control socket of the server that runs `file`, if one does. @throws {TenementError} `config_not_found`, `bad_config` */
export function findControlSocket(file: string): string {
  const config = loadConfig(file);
  return readNote(noteFor(config)) ?? controlSocketOf(config.settings);
}

export function controlSocketOf({ stateDir }: Pick<Settings, 'stateDir'>): string {
  return join(stateDir, 'control.sock');
}

/** Tells where the server that runs with `config` is reached; the returned function takes that back. */
export function tellControlSocket(config: Config): () => void {
  const configured = loadConfig(config.file);
  const path = noteFor(configured);
  const forget = () => rmSync(path, { force: true });
  // What an earlier server left there is no longer so.
  forget();
  if (configured.settings.stateDir === config.settings.stateDir) return () => {};
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, controlSocketOf(config.settings), { mode: 0o600, flag: 'wx' });
  return forget;
}

function noteFor({ file, settings }: Config): string {
  const name = createHash('sha256').update(realpathSync(file)).digest('hex').slice(0, 16);
  return join(settings.runtimeDir, `.${name}.control`);
}

function readNote(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
