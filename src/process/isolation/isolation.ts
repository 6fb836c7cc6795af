/** Separates a tenant from the others: a user of its own, a view of the machine, or a kernel of its own. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { tmpLimit } from '../../core/limits/limits.ts';
import type { LaunchRequest } from '../../core/ports.ts';
import type { HiddenPaths } from '../../core/service/hidden-paths.ts';
import { HIDDEN } from '../../core/service/layers.ts';
import type { ServiceConfig, Settings } from '../../core/service/service.ts';
import { type LaunchSpec, selfSocketOf } from '../launch/launch-spec.ts';
import { FILTER_FD, findProgram, type Wrapping } from '../launch/wrapper.ts';
import type { Owner } from '../storage/directories.ts';
import { bubblewrapWords } from './bubblewrap.ts';
import type { DynamicUsers } from './dynamic-user.ts';
import { type FilesystemView, layersOf } from './filesystem-view.ts';
import type { HostSockets } from './host-sockets.ts';
import { makeBundle } from './runsc/bundle.ts';
import { findRunsc, runWords } from './runsc/command.ts';

/** Facts about the server that isolation depends on. */
export interface IsolationDeps {
  readonly settings: Settings;
  readonly users: DynamicUsers;
  /** Returns the paths that no tenant may see, including this service's own tenants. */
  hiddenPaths(service: ServiceConfig): HiddenPaths;
  readonly hostSockets: HostSockets;
  /** Returns a file with the system call filter; null without one. @throws {Error} when it cannot be made */
  filterPath(): string | null;
}

export interface IsolationContext extends IsolationDeps {
  /** Sockets of the host that a tenant could reach. */
  readonly sockets: readonly string[];
  /** Directories of the instance's cgroup; empty without one. */
  readonly cgroupDirs: readonly string[];
  /** A directory in memory, for files that show secrets. */
  readonly memoryDir: string;
}

/** Lists the host's sockets to hide. A program in gVisor can connect to one only if it has a socket to tenement. */
export async function reachableSockets({ service }: LaunchRequest, around: IsolationDeps): Promise<readonly string[]> {
  const mayConnect = service.isolation === 'namespace' || (service.isolation === 'sandbox' && service.selfApi);
  if (!mayConnect) return [];
  const { dirs, socketDirs } = around.hiddenPaths(service);
  return around.hostSockets.listening([...HIDDEN, ...dirs, ...socketDirs]);
}

export type Isolation = Pick<Wrapping, 'user' | 'nofileLimit' | 'sandbox' | 'filterPath' | 'dumpsCore' | 'ownEnv'>;

/** Returns the tenant's user; null: the server's own. @throws {Error} with a sentence for a person */
export function ownerFor({ service, tenantId }: LaunchRequest, { settings, users }: IsolationDeps): Owner | null {
  return service.user !== 'dynamic' ? null : users.ownerFor(tenantId, settings.dynamicUids);
}

/** Returns what is run around the program. @throws {Error} with a sentence for a person */
export function isolationFor(
  request: LaunchRequest,
  spec: LaunchSpec,
  owner: Owner | null,
  around: IsolationContext,
): Isolation {
  const { isolation } = request.service;
  if (isolation === 'sandbox') return sandboxIsolation(request, spec, owner, around);
  const dumpsCore = spec.secretsDir === null;
  const bare = { user: owner, nofileLimit: request.service.nofileLimit, dumpsCore, ownEnv: null };
  if (isolation === 'process') return { ...bare, sandbox: [], filterPath: null };
  const opener = owner?.uid ?? null;
  return { ...bare, ...namespaceIsolation(filesystemViewOf(request, spec, opener, around), around.filterPath()) };
}

function namespaceIsolation(
  view: FilesystemView,
  filterPath: string | null,
): Pick<Isolation, 'sandbox' | 'filterPath'> {
  const bwrap = findProgram('bwrap');
  if (bwrap === null) throw new Error('isolation = "namespace" needs bwrap, which is not installed');
  const filterFd = filterPath === null ? null : FILTER_FD;
  return { sandbox: [bwrap, ...bubblewrapWords(view, filterFd)], filterPath };
}

/** Variables by which tenement recognises a process; none of them changes what runsc does. */
const MARKERS = ['TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'SOCKET_PATH'];

/** runsc itself stays root, because it separates the tenant from the host. */
function sandboxIsolation(
  request: LaunchRequest,
  spec: LaunchSpec,
  user: Owner | null,
  around: IsolationContext,
): Isolation {
  const runsc = findRunsc();
  if (runsc === null) throw new Error('isolation = "sandbox" needs runsc, which is not installed');
  const { service, paths, tenantId } = request;
  // The bundle contains the environment.
  const parent = spec.secretsDir === null ? around.settings.stateDir : around.memoryDir;
  const key = { parent, bindSocket: paths.bindSocket };
  // gVisor has its own cgroup file system.
  const view = filesystemViewOf(request, spec, null, { ...around, cgroupDirs: [] });
  const container = makeBundle(
    key,
    { network: service.network, mayConnect: service.selfApi },
    {
      words: [spec.file, ...spec.args],
      env: spec.env,
      cwd: spec.cwd,
      user,
      hostname: tenantId,
      nofileLimit: service.nofileLimit,
      // runsc opens the files as root, and checks what the tenant's user may do.
      bindDir: realpathSync(dirname(paths.bindSocket)),
      layers: layersOf(view),
      tmpBytes: view.tmpBytes,
      wholeHost: spec.readOnlyPaths === null || spec.readOnlyPaths.includes('/'),
    },
  );
  const ownEnv = Object.fromEntries(Object.entries(spec.env).filter(([name]) => MARKERS.includes(name)));
  const dumpsCore = spec.secretsDir === null;
  return { user: null, nofileLimit: null, sandbox: runWords(runsc, container), filterPath: null, dumpsCore, ownEnv };
}

function filesystemViewOf(
  request: LaunchRequest,
  spec: LaunchSpec,
  opener: number | null,
  around: IsolationContext,
): FilesystemView {
  const { service, paths, tenantId } = request;
  return {
    tenantId,
    tenantDir: paths.tenantDir,
    bindDir: dirname(paths.bindSocket),
    workdir: spec.cwd,
    program: spec.file,
    args: spec.args,
    path: spec.env['PATH'] ?? '',
    hiddenPaths: around.hiddenPaths(service),
    cgroupDirs: around.cgroupDirs,
    selfDir: service.selfApi ? dirname(selfSocketOf(service, tenantId, around.settings)) : null,
    secretsDir: spec.secretsDir,
    sockets: around.sockets,
    hidesSingleSockets: service.isolation !== 'sandbox',
    readOnlyPaths: spec.readOnlyPaths,
    readWritePaths: spec.readWritePaths,
    openSockets: spec.sockets,
    tmpBytes: tmpLimit(service.tmpLimitBytes, service),
    network: service.network,
    opener,
  };
}
