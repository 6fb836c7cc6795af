/**
 * Finds where a server may make cgroups: below its own, or below `cgroup_root`. In version 2 a cgroup that passes
 * controllers on may hold no processes itself. So a server that is alone in its cgroup first moves into a leaf below
 * it.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SERVER_LEAF } from '../../core/service/service-unit.ts';
import { type Cgroups, CONTROLS, type Control } from './cgroup.ts';
import { readControl, readPids, tryWriteControl } from './files.ts';
import { CgroupV1 } from './v1.ts';
import { CgroupV2 } from './v2.ts';

/** The usual case in containers. */
const READ_ONLY =
  'cgroups are mounted read-only here: mount them writable at /sys/fs/cgroup (docs/containers.md says how)';
const V1_CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'pids', 'freezer'];

export interface FindOptions {
  /** Absolute path of a delegated cgroup; null: the server's own. */
  readonly root: string | null;
  /** Tells the servers of one machine apart. */
  readonly stateDir: string;
}

export function findCgroups({ root, stateDir }: FindOptions): Cgroups {
  const name = `tenement-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
  const mounts = cgroupMounts();
  const v2 = mounts.find(({ type }) => type === 'cgroup2');
  // cgroup2 may be mounted beside version 1, but without the controllers that version 1 has.
  const hasControllers =
    v2 !== undefined && CONTROLS.some((control) => words(join(v2.dir, 'cgroup.controllers')).includes(control));
  if (hasControllers) return findV2(v2.dir, root, name);
  return findV1(mounts, name);
}

interface CgroupMount {
  readonly dir: string;
  readonly type: string;
  readonly options: readonly string[];
}

function cgroupMounts(): CgroupMount[] {
  return (readControl('/proc/self/mounts') ?? '')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, dir = '', type = '', options = '']) => ({ dir, type, options: options.split(',') }));
}

// ---- Version 2 -------------------------------------------------------------------------------

function findV2(mount: string, root: string | null, name: string): Cgroups {
  const anchors = root === null ? ancestors(mount, ownPath('')) : [root];
  for (const anchor of anchors) {
    const controls = prepare(anchor, mount, name);
    if (controls !== null) return v2At(anchor, name, controls);
  }
  if (anchors.every((anchor) => writeFailure(anchor) === 'EROFS')) return none(READ_ONLY);
  return none(whyNoneV2(mount, root));
}

function whyNoneV2(mount: string, root: string | null): string {
  if (root === null)
    return 'the cgroup of this server is not delegated to this user: run it as a systemd service with Delegate=yes';
  if (!existsSync(root)) return `cgroup_root ${root} does not exist: start the unit that owns it (docs/systemd.md)`;
  const migrationFile = migrationFileTo(root, mount);
  if (isWritable(root) && !isWritable(migrationFile))
    return `tenants cannot be moved to cgroup_root ${root}: this user may not write ${migrationFile} (docs/systemd.md)`;
  return `cgroup_root ${root} is not delegated to this user: give the unit that owns it Delegate=yes and the same User=`;
}

/** Returns the file that moving this process to `anchor` writes to: `cgroup.procs` of the nearest common ancestor. */
function migrationFileTo(anchor: string, mount: string): string {
  const own = resolve(mount, `.${ownPath('')}`);
  let above = anchor;
  while (above !== mount && own !== above && !own.startsWith(`${above}/`)) above = dirname(above);
  return join(above, 'cgroup.procs');
}

/** Lists a cgroup and its ancestors, itself first. */
function ancestors(mount: string, path: string): string[] {
  // resolve() drops the trailing slash that the root's path would leave.
  const own = resolve(mount, `.${path}`);
  const first = basename(own) === SERVER_LEAF ? dirname(own) : own;
  const all = [first];
  for (let dir = first; dir !== mount && dir.startsWith(mount); ) {
    dir = dirname(dir);
    all.push(dir);
  }
  return all;
}

/**
 * Prepares a base for the instances. Returns the controllers that they can be given, or null when none can be made
 * there.
 */
function prepare(anchor: string, mount: string, name: string): ReadonlySet<Control> | null {
  if (!isWritable(anchor) || !isWritable(join(anchor, 'cgroup.subtree_control'))) return null;
  if (anchor !== mount && !makeRoom(anchor)) return null;
  if (!isWritable(migrationFileTo(anchor, mount))) return null;
  const base = join(anchor, name);
  try {
    mkdirSync(base, { recursive: true });
  } catch {
    return null;
  }
  enable(anchor);
  enable(base);
  const enabled = words(join(base, 'cgroup.subtree_control'));
  return new Set(CONTROLS.filter((control) => enabled.includes(control)));
}

/**
 * Moves this process out of a cgroup that is to pass controllers on. Returns false when other processes are in it, too.
 */
function makeRoom(anchor: string): boolean {
  const here = readPids(join(anchor, 'cgroup.procs'));
  if (here.length === 0) return true;
  if (here.some((pid) => pid !== process.pid)) return false;
  try {
    mkdirSync(join(anchor, SERVER_LEAF), { recursive: true });
  } catch {
    return false;
  }
  return tryWriteControl(join(anchor, SERVER_LEAF, 'cgroup.procs'), '0');
}

function enable(dir: string): void {
  for (const control of CONTROLS) tryWriteControl(join(dir, 'cgroup.subtree_control'), `+${control}`);
}

function v2At(anchor: string, name: string, controls: ReadonlySet<Control>): Cgroups {
  const base = join(anchor, name);
  return {
    version: 'v2',
    controls,
    freezes: true,
    lack: lackOf(controls),
    make: (leaf) => new CgroupV2(makeLeaf(anchor, base, leaf)),
    find: ([dir]) => (dir !== undefined && existsSync(dir) ? new CgroupV2(dir) : null),
    all: () => leavesOf(base).map((leaf) => new CgroupV2(join(base, leaf))),
    close: () => removeEmpty([base]),
  };
}

/**
 * Makes a leaf, and if need be its base: `check` with the same config may have removed an empty base, and with it the
 * controllers that it passes on.
 */
function makeLeaf(anchor: string, base: string, leaf: string): string {
  const dir = join(base, leaf);
  if (!existsSync(base)) {
    mkdirSync(base, { recursive: true });
    enable(anchor);
    enable(base);
  }
  mkdirSync(dir, { recursive: true });
  return dir;
}

// ---- Version 1 -------------------------------------------------------------------------------

function findV1(mounts: readonly CgroupMount[], name: string): Cgroups {
  const bases = new Map<string, string>();
  const failures = new Set<string>();
  for (const controller of V1_CONTROLLERS) {
    const base = v1Base(controller, mounts, name);
    if (base === null) continue;
    if ('dir' in base) bases.set(controller, base.dir);
    else failures.add(base.code);
  }
  const controls = new Set(CONTROLS.filter((control) => bases.has(control)));
  if (bases.size === 0) return none(whyNoneV1(failures));
  const dirsOf = (leaf: string) => [...new Set([...bases.values()].map((base) => join(base, leaf)))];
  return {
    version: 'v1',
    controls,
    freezes: bases.has('freezer'),
    lack: lackOf(controls),
    make(leaf) {
      const dirs = dirsOf(leaf);
      for (const dir of dirs) mkdirSync(dir, { recursive: true });
      return new CgroupV1(dirs);
    },
    find: (dirs) => (dirs.length > 0 && dirs.every((dir) => existsSync(dir)) ? new CgroupV1(dirs) : null),
    all: () => [...new Set([...bases.values()].flatMap(leavesOf))].map((leaf) => new CgroupV1(dirsOf(leaf))),
    close: () => removeEmpty(bases.values()),
  };
}

function whyNoneV1(failures: ReadonlySet<string>): string {
  if (failures.size === 0) return 'no cgroups are mounted here: mount them, in a container writable at /sys/fs/cgroup';
  if (failures.has('EROFS')) return READ_ONLY;
  if (process.getuid?.() !== 0) return 'this user may not create cgroups: run tenement as root, or on cgroup version 2';
  return `root may not create cgroups here (${[...failures].join(', ')}): allow it to write in /sys/fs/cgroup`;
}

/** Makes the base for one controller. null when it is not mounted; `code` when nothing can be made there. */
function v1Base(
  controller: string,
  mounts: readonly CgroupMount[],
  name: string,
): { dir: string } | { code: string } | null {
  const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
  if (mount === undefined) return null;
  const own = join(mount.dir, ownPath(controller));
  // In a container the path may be the host's, which is not mounted here.
  const base = join(existsSync(own) ? own : mount.dir, name);
  try {
    mkdirSync(base, { recursive: true });
    return { dir: base };
  } catch (error) {
    // On a read-only file system, mkdir with `recursive` reports ENOENT.
    const code = writeFailure(dirname(base)) ?? (error as NodeJS.ErrnoException).code;
    return { code: code ?? 'EACCES' };
  }
}

// ---- Both ------------------------------------------------------------------------------------

/** Reads this process's cgroup path from /proc/self/cgroup, whose lines are `id:controllers:path`; '' is version 2. */
function ownPath(controller: string): string {
  for (const line of (readControl('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (line !== '' && controllers.split(',').includes(controller)) return path;
  }
  return '/';
}

function words(path: string): string[] {
  return (readControl(path) ?? '').trim().split(' ');
}

function leavesOf(base: string): string[] {
  if (!existsSync(base)) return [];
  const entries = readdirSync(base, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function removeEmpty(dirs: Iterable<string>): void {
  for (const dir of dirs) {
    try {
      rmdirSync(dir);
    } catch {
      // Running tenants are in it, or it is gone.
    }
  }
}

function isWritable(path: string): boolean {
  return writeFailure(path) === null;
}

/** Returns the error code of writing to a path; null when it is writable. */
function writeFailure(path: string): string | null {
  try {
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES';
  }
}

function lackOf(controls: ReadonlySet<Control>): string | null {
  const missing = CONTROLS.filter((control) => !controls.has(control));
  if (missing.length === 0) return null;
  return `the kernel does not pass ${missing.join(', ')} on to this server's cgroup`;
}

function none(lack: string): Cgroups {
  return {
    version: 'none',
    controls: new Set(),
    freezes: false,
    lack,
    make: () => null,
    find: () => null,
    all: () => [],
    close: () => {},
  };
}
