/**
 * Builds the OCI runtime configuration that runsc(1) runs: the same view of files as in a namespace, gVisor's own
 * /proc, /sys and /dev, and no capabilities.
 */
import type { Layer } from '../../../core/service/layers.ts';
import type { Owner } from '../../storage/directories.ts';

export interface ContainerOptions {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** User and group inside; null: user 0. */
  readonly user: Owner | null;
  readonly hostname: string;
  readonly nofileLimit: number | null;
  readonly layers: readonly Layer[];
  /** Limit for each directory in memory, in bytes. */
  readonly tmpBytes: number;
  /** Whether the whole host is visible except what layers hide; otherwise only what layers show. */
  readonly wholeHost: boolean;
  /** Real path of the directory in which the application binds its socket. Nothing else writes there. */
  readonly bindDir: string;
  /** An empty directory and an empty file, which cover what is hidden. */
  readonly emptyDir: string;
  readonly emptyFile: string;
}

interface ContainerMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options?: readonly string[];
}

/** gVisor's own file systems in place of the host's; it adds /dev itself. */
const OWN: readonly ContainerMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/sys', type: 'sysfs', source: 'sysfs' },
];
const OWN_DIRS = ['/proc', '/sys', '/dev'];

/** Returns the content of `config.json`. */
export function containerSpec(options: ContainerOptions): object {
  const { words, env, cwd, user, hostname, nofileLimit } = options;
  const limits = nofileLimit === null ? [] : [{ type: 'RLIMIT_NOFILE', hard: nofileLimit, soft: nofileLimit }];
  return {
    ociVersion: '1.0.2',
    root: { path: options.wholeHost ? '/' : options.emptyDir, readonly: true },
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
    annotations: exclusive(options.bindDir),
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

/**
 * Lets gVisor trust its cache of this directory. Otherwise it asks for the owner and mode of a bound socket and gets
 * those of the open socket instead of its file (root, 0777), so that no other user may change them.
 */
function exclusive(source: string): Record<string, string> {
  const hint = 'dev.gvisor.spec.mount.bind';
  return { [`${hint}.source`]: source, [`${hint}.type`]: 'bind', [`${hint}.share`]: 'container' };
}

function mountsOf(options: ContainerOptions): ContainerMount[] {
  const all = options.layers.map((layer) => mountOf(layer, options)).filter(({ destination }) => !isOwn(destination));
  // gVisor's own /dev/shm is for root alone.
  return [...OWN, scratchAt('/dev/shm', options), ...all];
}

/** Mounts memory that every user may write to, like /tmp. */
function scratchAt(destination: string, { tmpBytes }: Pick<ContainerOptions, 'tmpBytes'>): ContainerMount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [`size=${tmpBytes}`, 'mode=1777'] };
}

function mountOf({ kind, at, from }: Layer, options: ContainerOptions): ContainerMount {
  const { emptyFile } = options;
  if (kind === 'scratch') return scratchAt(at, options);
  if (kind === 'empty') return { destination: at, type: 'tmpfs', source: 'tmpfs', options: ['ro'] };
  const [source, access] = kind === 'blank' ? [emptyFile, 'ro'] : [from, kind === 'shown' ? 'ro' : 'rw'];
  return { destination: at, type: 'bind', source, options: ['rbind', access] };
}

function isOwn(path: string): boolean {
  return OWN_DIRS.some((dir) => path === dir || path.startsWith(`${dir}/`));
}
