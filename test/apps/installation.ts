/** Where applications are installed once for all runs: outside of the checkout, readable for tenants' users. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const APPLICATIONS = fileURLToPath(new URL('.', import.meta.url));
const STAMP = '.installed';

/** `TENEMENT_APPS`, or a cache outside of root's own, which other users may not enter. */
export function installationRoot(): string {
  const { TENEMENT_APPS: chosen, XDG_CACHE_HOME: cache } = process.env;
  if (chosen) return chosen;
  if (process.getuid?.() === 0) return '/var/cache/tenement-apps';
  return join(cache || join(homedir(), '.cache'), 'tenement-apps');
}

/**
 * Copies the application's files and runs its `install.sh` there, if it has one, unless that is done already with the same files.
 * @returns the directory, which is the application's `workdir`
 * @throws {Error} with the output of an installation that failed
 */
export function install(name: string): string {
  const source = join(APPLICATIONS, name);
  const dir = join(installationRoot(), name);
  const wanted = stampOf(source);
  if (readStamp(dir) === wanted) return dir;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  cpSync(source, dir, { recursive: true, filter: (file) => !file.endsWith('.test.ts') });
  if (existsSync(join(dir, 'install.sh'))) runInstall(dir);
  writeFileSync(join(dir, STAMP), wanted);
  return dir;
}

function runInstall(dir: string): void {
  const options = { cwd: dir, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-eu', 'install.sh'], options);
  if (status !== 0) throw new Error(`install.sh in ${dir}: exit ${status}\n${stdout}\n${stderr}`);
}

/** All files that take part in the installation. The config does not. */
function stampOf(source: string): string {
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts') && entry.name !== 'tenement.toml')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return files.map((file) => `${basename(file)}\n${readFileSync(file, 'latin1')}`).join('\n');
}

function readStamp(dir: string): string | null {
  try {
    return readFileSync(join(dir, STAMP), 'utf8');
  } catch {
    return null;
  }
}

/** Returns the config as documented, apart from the level. */
export function writeConfigFor(name: string, dir: string, keys: string): string {
  const config = readFileSync(join(APPLICATIONS, name, 'tenement.toml'), 'utf8');
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, config.replaceAll(/^(\[service\.[^.\]]+\])$/gm, `$1\n${keys}`));
  return file;
}
