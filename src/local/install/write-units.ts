/** Writes unit files: only what has changed, and nothing over a file that somebody else wrote. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UNIT_MARK, type UnitFile } from '../../core/service/unit-files.ts';
import { TenementError } from '../../errors.ts';

/** Directory of the administrator's units, and the one of packages, which the first precedes (systemd.unit(5)). */
export const UNIT_DIR = '/etc/systemd/system';
const PACKAGED_DIR = '/usr/lib/systemd/system';

export interface UnitChange {
  readonly path: string;
  readonly kind: 'new' | 'changed' | 'unchanged' | 'removed';
  /** Lines that go, with `-`, and lines that come, with `+`. */
  readonly difference: readonly string[];
}

export interface WriteOptions {
  readonly dir: string;
  /** Whether to replace files that somebody else wrote. */
  readonly force: boolean;
}

/**
 * Compares the units with what is there. `unneeded`: names of units that may be left of an earlier config.
 * @throws {TenementError} `bad_input` for files that somebody else wrote
 */
export function compareUnits(
  units: readonly UnitFile[],
  unneeded: readonly string[],
  { dir, force }: WriteOptions,
): UnitChange[] {
  const old = unneeded.filter((name) => isOurs(read(join(dir, name))));
  const changes = [...units.map((unit) => changeOf(unit, dir)), ...old.map((name) => removal(join(dir, name)))];
  const foreign = changes.filter(({ path, kind }) => kind === 'changed' && !isOurs(read(path) ?? UNIT_MARK));
  if (foreign.length === 0 || force) return changes;
  throw new TenementError('bad_input', `${foreign.map(({ path }) => path).join(' and ')}: not written by tenement`, {
    hint: 'Keep your settings in drop-ins (`systemctl edit`), and replace the files with --force; --print shows the new ones.',
  });
}

/** Writes what is new or has changed, and removes what is not needed. @throws {TenementError} `host_cannot` */
export function writeUnits(changes: readonly UnitChange[], units: readonly UnitFile[], dir: string): void {
  const texts = new Map(units.map(({ name, text }) => [join(dir, name), text]));
  try {
    mkdirSync(dir, { recursive: true });
    for (const { path, kind } of changes) {
      if (kind === 'removed') remove(path);
      else if (kind !== 'unchanged') write(path, texts.get(path) ?? '');
    }
  } catch (error) {
    throw unwritable('units', error as Error);
  }
}

export function unwritable(what: 'units' | 'config', { message }: Error): TenementError {
  return new TenementError('host_cannot', `the ${what} cannot be written: ${message}`, {
    hint: 'Run the command as root, or see what it would write with --print.',
  });
}

/** A file that a package has the same of is left to the package, whose upgrades it would hide. */
function write(path: string, text: string): void {
  if (packaged(path) === text) rmSync(path);
  else replace(path, text);
}

/** With the link that starts it at boot. */
function remove(path: string): void {
  rmSync(join(dirname(path), 'sockets.target.wants', basename(path)), { force: true });
  rmSync(path);
}

/** systemd never reads half a file. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o644 });
  renameSync(`${path}.new`, path);
}

function changeOf({ name, text }: UnitFile, dir: string): UnitChange {
  const path = join(dir, name);
  const before = read(path) ?? packaged(path);
  if (before === null) return { path, kind: 'new', difference: [] };
  if (before === text) return { path: placeOf(path), kind: 'unchanged', difference: [] };
  return { path, kind: 'changed', difference: differenceOf(before, text) };
}

/** Returns where the unit is that systemd uses. */
function placeOf(path: string): string {
  return read(path) === null && dirname(path) === UNIT_DIR ? join(PACKAGED_DIR, basename(path)) : path;
}

/** Returns what a package has in place of the file; null: nothing, or the file is not where systemd looks first. */
function packaged(path: string): string | null {
  return dirname(path) === UNIT_DIR ? read(join(PACKAGED_DIR, basename(path))) : null;
}

function removal(path: string): UnitChange {
  return { path, kind: 'removed', difference: [] };
}

function isOurs(text: string | null): boolean {
  return text?.startsWith(UNIT_MARK) === true;
}

function differenceOf(before: string, after: string): string[] {
  const [old, now] = [before.trimEnd().split('\n'), after.trimEnd().split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** Returns the text of a file; null: it cannot be read. */
export function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
