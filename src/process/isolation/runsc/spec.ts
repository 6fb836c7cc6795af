/**
 * What runsc(1) runs, as the OCI runtime specification has it: the same view of the files as in a namespace, with /proc,
 * /sys and /dev of gVisor's own, and no capabilities.
 */
import type { Layer } from '../../../core/service/layers.ts';
import type { Owner } from '../../storage/directories.ts';

export interface ContainerOptions {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** null: user 0. */
  readonly user: Owner | null;
  readonly hostname: string;
  readonly nofileLimit: number | null;
  readonly layers: readonly Layer[];
  /** Of each directory in memory. */
  readonly tmpBytes: number;
  /** Whether all of the host is there but what layers hide; else nothing but what they show. */
  readonly wholeHost: boolean;
  /** Where it binds its socket, which nobody else writes in; its real path. */
  readonly bindDir: string;
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
];
const OWN_DIRS = ['/proc', '/sys', '/dev'];

/** The content of `config.json`. */
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
 * What gVisor remembers of the files in it holds. Else it asks for the owner and the mode of a socket that was bound, is
 * told those of the open socket and not of its file (root, 0777), and lets no other user change it.
 */
function exclusive(source: string): Record<string, string> {
  const hint = 'dev.gvisor.spec.mount.bind';
  return { [`${hint}.source`]: source, [`${hint}.type`]: 'bind', [`${hint}.share`]: 'container' };
}

function mountsOf(options: ContainerOptions): Mount[] {
  const all = options.layers.map((layer) => mountOf(layer, options)).filter(({ destination }) => !isOwn(destination));
  // gVisor's own of /dev is for root alone.
  return [...OWN, scratchAt('/dev/shm', options), ...all];
}

/** For every user, as /tmp is. */
function scratchAt(destination: string, { tmpBytes }: Pick<ContainerOptions, 'tmpBytes'>): Mount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [`size=${tmpBytes}`, 'mode=1777'] };
}

function mountOf({ kind, at, from }: Layer, options: ContainerOptions): Mount {
  const { emptyFile } = options;
  if (kind === 'scratch') return scratchAt(at, options);
  if (kind === 'empty') return { destination: at, type: 'tmpfs', source: 'tmpfs', options: ['ro'] };
  const [source, access] = kind === 'blank' ? [emptyFile, 'ro'] : [from, kind === 'shown' ? 'ro' : 'rw'];
  return { destination: at, type: 'bind', source, options: ['rbind', access] };
}

function isOwn(path: string): boolean {
  return OWN_DIRS.some((dir) => path === dir || path.startsWith(`${dir}/`));
}
