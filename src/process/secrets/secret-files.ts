/**
 * The secrets of running processes as files: one directory for each process, and one for each command that an operator
 * runs. A directory and its files belong to the tenant's user, so the server never reads them or walks them.
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { SecretValues } from '../../core/secrets/sealed-secret.ts';
import type { Settings } from '../../core/service/service.ts';
import type { Logger } from '../../logger.ts';
import { lookAtProcesses } from '../proc/process-snapshot.ts';
import { trashBeside } from '../sockets/bind-dir.ts';
import { ensureSocketDirs, isOurDir, type Owner } from '../storage/directories.ts';
import { lookAtName } from '../storage/files.ts';
import type { Trash } from '../storage/trash.ts';
import { ensureMemoryPlace, type MemoryPlace, memoryPlaceOf } from './memory-place.ts';

const SUFFIX = '.secrets';
/** Precedes the number of an operator's command. No tenant's id contains a dot. */
const COMMAND_MARK = '.exec-';
/** A command has been started by then, so that its environment shows that it runs. */
const COMMAND_START_MS = 60_000;

/** The owner of a directory of secrets: an instance, or a command for it. */
export interface SecretsOwner {
  readonly instance: InstanceName;
  /** Number of the command; null: the instance's process. */
  readonly command: string | null;
}

export interface SecretsDir {
  readonly dir: string;
  /** Its path in the view of an isolated tenant. */
  readonly shownAt: string;
}

export interface SecretFilesOptions {
  readonly settings: Pick<Settings, 'runtimeDir' | 'stateDir'>;
  readonly trash: Trash;
  readonly logger: Logger;
}

export class SecretFiles {
  private readonly options: SecretFilesOptions;
  private found: MemoryPlace | null = null;
  private hasWarned = false;
  /** Directory → names of the files in it. */
  private readonly written = new Map<string, readonly string[]>();

  constructor(options: SecretFilesOptions) {
    this.options = options;
  }

  private get place(): MemoryPlace {
    this.found ??= memoryPlaceOf(this.options.settings);
    return this.found;
  }

  /** A directory for other files of a process that show its secrets. */
  get memoryDir(): string {
    return this.place.dir;
  }

  /**
   * Writes the secrets, in place of those of an earlier process. @param user who reads them; null: the server's
   * @throws {Error} when they cannot be written
   */
  write(owner: SecretsOwner, values: SecretValues, user: Owner | null): SecretsDir {
    this.remove(owner);
    ensureMemoryPlace(this.place, this.options.settings);
    this.warnOnce();
    const at = this.dirOf(owner);
    const draft = `${at.dir}.new`;
    this.clear(draft);
    mkdirSync(draft, { mode: 0o700 });
    for (const [name, value] of values) writeOwned(join(draft, name), value, user);
    if (user !== null) chownSync(draft, user.uid, user.gid);
    chmodSync(draft, 0o500);
    renameSync(draft, at.dir);
    this.written.set(at.dir, [...values.keys()]);
    if (at.shownAt !== at.dir) this.makeMountPoint(at.shownAt);
    return at;
  }

  /** Removes the secrets of a process that has ended; does nothing if there are none. A failure is logged. */
  remove(owner: SecretsOwner): void {
    const { dir, shownAt } = this.dirOf(owner);
    try {
      this.clear(dir);
      if (shownAt !== dir) isRemoved(shownAt);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.options.logger.error({ dir, reason }, 'the secrets of an ended process could not be removed');
    }
  }

  /**
   * Removes what an earlier server, or a command that was killed, has left.
   * @param running the instances that have a process; null: only leftovers of commands are removed
   */
  async sweep(running: readonly InstanceName[] | null): Promise<void> {
    const { dir } = this.place;
    this.options.trash.sweep(trashBeside(dir));
    const kept = new Set(running?.map((instance) => leafOf({ instance, command: null })));
    const names = listed(dir).filter((name) => name.includes(SUFFIX));
    const ofInstances = running === null ? [] : names.filter((name) => commandOf(name) === null && !kept.has(name));
    for (const name of ofInstances) this.discard(name);
    const ofCommands = names.filter((name) => commandOf(name) !== null && isOld(join(dir, name)));
    if (ofCommands.length === 0) return;
    const paths = (await lookAtProcesses()).marked().map(({ socketPath }) => socketPath ?? '');
    const lives = (name: string) => paths.some((path) => path.endsWith(`/exec-${commandOf(name)}.sock`));
    for (const name of ofCommands) if (!lives(name)) this.discard(name);
  }

  /** Leaves no empty directory behind when the server ends. */
  close(): void {
    const { dir, shownAt } = this.place;
    if (dir === shownAt || !isOurDir(dir)) return;
    isRemoved(join(dir, 'sandbox'));
    isRemoved(dir);
  }

  private dirOf(owner: SecretsOwner): SecretsDir {
    const leaf = leafOf(owner);
    return { dir: join(this.place.dir, leaf), shownAt: join(this.place.shownAt, leaf) };
  }

  private discard(name: string): void {
    const { dir, shownAt } = this.place;
    this.clear(join(dir, name));
    if (shownAt !== dir) isRemoved(join(shownAt, name));
  }

  /** runsc(1) would make it, and leave it. */
  private makeMountPoint(path: string): void {
    ensureSocketDirs(this.options.settings.runtimeDir);
    mkdirSync(path, { recursive: true, mode: 0o755 });
  }

  /** Unlinks the files that the server has made; what a tenant has added to them goes to the trash. */
  private clear(dir: string): void {
    const names = this.written.get(dir) ?? [];
    this.written.delete(dir);
    if (lookAtName(dir) === undefined) return;
    if (names.length > 0 && process.getuid?.() !== 0) chmodSync(dir, 0o700);
    if (isEmptied(dir, names)) return;
    this.options.trash.clear(dir, trashBeside(this.place.dir));
  }

  private warnOnce(): void {
    if (this.place.isInMemory || this.hasWarned) return;
    this.hasWarned = true;
    const { dir } = this.place;
    this.options.logger.warn(
      { dir },
      'secrets of running instances lie on a disk, because neither runtime_dir nor /dev/shm is a file system in memory',
    );
  }
}

/** Returns where the secrets of an instance's process are, under each name of the place. */
export function secretsDirsOf(settings: SecretFilesOptions['settings'], instance: InstanceName): string[] {
  const { dir, shownAt } = memoryPlaceOf(settings);
  return [...new Set([dir, shownAt])].map((place) => join(place, leafOf({ instance, command: null })));
}

/** Writes the secrets of a process; without any it gets no directory. @throws {Error} when they cannot be written */
export function writeSecrets(
  owner: SecretsOwner,
  values: SecretValues,
  user: Owner | null,
  { secretFiles }: { readonly secretFiles: SecretFiles },
): SecretsDir | null {
  return values.size === 0 ? null : secretFiles.write(owner, values, user);
}

/** Names of services and tenants contain hyphens, and no dots. */
function leafOf({ instance, command }: SecretsOwner): string {
  const number = command === null ? '' : `${COMMAND_MARK}${command}`;
  return `${instance.replace(':', '.')}${number}${SUFFIX}`;
}

/** Returns the number of the command that a directory is for; null: it is an instance's, or another directory. */
function commandOf(name: string): string | null {
  return /^[^.]+\.[^.]+\.exec-([^.]+)\.secrets$/.exec(name)?.[1] ?? null;
}

function isOld(path: string): boolean {
  const stat = lookAtName(path);
  return stat !== undefined && Date.now() - stat.ctimeMs > COMMAND_START_MS;
}

function writeOwned(path: string, value: string, user: Owner | null): void {
  writeFileSync(path, value, { mode: 0o400, flag: 'wx' });
  if (user !== null) chownSync(path, user.uid, user.gid);
  // Whatever the umask.
  chmodSync(path, 0o400);
}

function isEmptied(dir: string, names: readonly string[]): boolean {
  try {
    for (const name of names) unlinkSync(join(dir, name));
  } catch {
    return false;
  }
  return isRemoved(dir);
}

function isRemoved(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

/** Lists a directory of the server's own; a directory of another user at its path has nothing of it. */
function listed(dir: string): string[] {
  try {
    return isOurDir(dir) ? readdirSync(dir) : [];
  } catch {
    return [];
  }
}
