/**
 * What runsc(1) runs, as the OCI runtime specification has it: the same view of the files as in a namespace, with /proc,
 * /sys and /dev of gVisor's own, and no capabilities.
 */
import type { Owner } from '../directories.ts';
import type { Layers } from '../view.ts';

export interface ContainerOptions {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** null: user 0. */
  readonly user: Owner | null;
  readonly hostname: string;
  readonly nofileLimit: number | null;
  readonly layers: Layers;
  /** The only paths of the host that are there; null: all but what is hidden. */
  readonly readOnlyPaths: readonly string[] | null;
  /** An empty directory and an empty file. */
  readonly emptyDir: string;
  readonly emptyFile: string;
}

interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

/** gVisor's own files, where the host's would lie; it adds /dev itself. */
const OWN: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/sys', type: 'sysfs', source: 'sysfs' },
  // Its own of /dev is for root alone.
  { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] },
];
const OWN_DIRS = ['/proc', '/sys', '/dev'];

/** The content of `config.json`. */
export function containerSpec(options: ContainerOptions): object {
  const { words, env, cwd, user, hostname, nofileLimit } = options;
  const limits = nofileLimit === null ? [] : [{ type: 'RLIMIT_NOFILE', hard: nofileLimit, soft: nofileLimit }];
  return {
    ociVersion: '1.0.2',
    root: { path: options.readOnlyPaths === null ? '/' : options.emptyDir, readonly: true },
    hostname,
    process: {
      terminal: false,
      user: user ?? { uid: 0, gid: 0 },
      args: words,
      env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      cwd,
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
      rlimits: limits,
    },
    mounts: mountsOf(options),
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

/** runsc mounts what lies in another after it, so that the order says nothing but which of two at one place it is. */
function mountsOf({ layers, readOnlyPaths, emptyFile }: ContainerOptions): Mount[] {
  const { hidden, shown, hiddenAgain, writable, hiddenFiles } = layers;
  const all = [
    ...(readOnlyPaths ?? []).map((path) => bind(path, 'ro')),
    ...hidden.map(empty),
    ...shown.map((dir) => bind(dir, 'ro')),
    ...hiddenAgain.map(empty),
    ...writable.map((dir) => bind(dir, 'rw')),
    ...hiddenFiles.map((file) => bind(file, 'ro', emptyFile)),
  ].filter(({ destination }) => !isOwn(destination));
  return [...OWN, ...new Map(all.map((mount) => [mount.destination, mount])).values()];
}

function isOwn(path: string): boolean {
  return OWN_DIRS.some((dir) => path === dir || path.startsWith(`${dir}/`));
}

function bind(destination: string, access: 'ro' | 'rw', source = destination): Mount {
  return { destination, type: 'bind', source, options: ['rbind', access] };
}

function empty(destination: string): Mount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: ['ro'] };
}
