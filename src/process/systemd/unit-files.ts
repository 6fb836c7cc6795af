/** Finds systemd's unit files by what they start. Asking systemd about all of its units takes long. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { UnitName } from './own-unit.ts';

/** Directories of units (systemd.unit(5), "Unit File Load Path"). */
const SYSTEM_DIRS = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/etc/systemd/system',
  '/run/systemd/system',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

export function unitDirs(manager: UnitName['manager'], env: NodeJS.ProcessEnv = process.env): string[] {
  if (manager === 'system') return SYSTEM_DIRS;
  const home = homedir();
  return [
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'systemd/user'),
    '/etc/systemd/user',
    ...(env['XDG_RUNTIME_DIR'] === undefined ? [] : [join(env['XDG_RUNTIME_DIR'], 'systemd/user')]),
    '/run/systemd/user',
    join(env['XDG_DATA_HOME'] ?? join(home, '.local/share'), 'systemd/user'),
    '/usr/local/lib/systemd/user',
    '/usr/lib/systemd/user',
  ];
}

/** Names services in `dirs` with a line `ExecStart=` that matches `word`. Names of templates end in `@.service`. */
export async function servicesStarting(word: RegExp, dirs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(dirs.map((dir) => startingIn(dir, word)));
  return [...new Set(found.flat())];
}

async function startingIn(dir: string, word: RegExp): Promise<string[]> {
  const names = await readdir(dir).catch(() => []);
  const services = names.filter((name) => name.endsWith('.service'));
  const texts = await Promise.all(services.map((name) => readFile(join(dir, name), 'utf8').catch(() => '')));
  return services.filter((_name, index) => starts(texts[index] ?? '', word));
}

function starts(text: string, word: RegExp): boolean {
  // A backslash continues a line.
  const lines = text.replaceAll(/\\\n/g, ' ').split('\n');
  return lines.some((line) => /^\s*ExecStart\s*=/.test(line) && word.test(line));
}
