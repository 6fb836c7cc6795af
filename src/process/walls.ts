/** What keeps one tenant from the others: a user of its own, a view of the machine or a kernel of its own. */
import { dirname } from 'node:path';
import type { LaunchRequest } from '../core/ports.ts';
import type { Config, Settings } from '../core/service.ts';
import { bubblewrapWords } from './bubblewrap.ts';
import type { Owner } from './directories.ts';
import type { DynamicUsers } from './dynamic-user.ts';
import type { Plan } from './plan.ts';
import { makeBundle } from './runsc/bundle.ts';
import { findRunsc, runWords } from './runsc/command.ts';
import { layersOf, type View } from './view.ts';
import { FILTER_FD, findProgram, type Wrapping } from './wrapper.ts';

/** What is around a tenant. */
export interface Surroundings {
  readonly settings: Settings;
  readonly users: DynamicUsers;
  /** What no tenant is to see: the config, and where the sockets of all services lie. */
  secrets(): { readonly files: readonly string[]; readonly dirs: readonly string[] };
  /** A file with the filter of system calls; null: there is none. @throws {Error} */
  filterPath(): string | null;
}

export type Walls = Pick<Wrapping, 'user' | 'nofileLimit' | 'sandbox' | 'filterPath' | 'ownEnv'>;

/** null: the server's own user. @throws {Error} with a sentence for a person */
export function ownerFor({ service, tenantId }: LaunchRequest, { settings, users }: Surroundings): Owner | null {
  return service.user === null ? null : users.ownerFor(tenantId, settings.dynamicUids);
}

/** What is run around a program. @throws {Error} with a sentence for a person */
export function wallsFor(request: LaunchRequest, plan: Plan, owner: Owner | null, around: Surroundings): Walls {
  const { isolation } = request.service;
  if (isolation === 'sandbox') return sandboxWalls(request, plan, owner, around);
  const bare = { user: owner, nofileLimit: request.limits.nofileLimit, ownEnv: null };
  if (isolation === 'process') return { ...bare, sandbox: [], filterPath: null };
  return { ...bare, ...namespaceWalls(viewOf(request, plan, around), around.filterPath()) };
}

function namespaceWalls(view: View, filterPath: string | null): Pick<Walls, 'sandbox' | 'filterPath'> {
  const bwrap = findProgram('bwrap');
  if (bwrap === null) throw new Error('bwrap is not installed, which isolation = "namespace" takes');
  const filterFd = filterPath === null ? null : FILTER_FD;
  return { sandbox: [bwrap, ...bubblewrapWords(view, filterFd)], filterPath };
}

/** By what tenement finds a process again; nothing that changes what runsc does. */
const MARKERS = ['TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'SOCKET_PATH'];

/** runsc itself stays root: it is what stands between the tenant and the host. */
function sandboxWalls(request: LaunchRequest, plan: Plan, user: Owner | null, around: Surroundings): Walls {
  const runsc = findRunsc();
  if (runsc === null) throw new Error('runsc is not installed, which isolation = "sandbox" takes');
  const { service, paths, tenantId, limits } = request;
  const key = { stateDir: around.settings.stateDir, bindSocket: paths.bindSocket };
  const container = makeBundle(key, service.network, {
    words: [plan.file, ...plan.args],
    env: plan.env,
    cwd: plan.cwd,
    user,
    hostname: tenantId,
    nofileLimit: limits.nofileLimit,
    // runsc opens the files, as root, and lets the tenant's user have what that may.
    layers: layersOf({ ...viewOf(request, plan, around), asOther: false }),
    readOnlyPaths: plan.readOnlyPaths,
  });
  const ownEnv = Object.fromEntries(Object.entries(plan.env).filter(([name]) => MARKERS.includes(name)));
  return { user: null, nofileLimit: null, sandbox: runWords(runsc, container), filterPath: null, ownEnv };
}

function viewOf({ service, paths, tenantId }: LaunchRequest, plan: Plan, { settings, secrets }: Surroundings): View {
  const bindDir = dirname(paths.bindSocket);
  const publicDirs = paths.publicSocket === null ? [] : [dirname(paths.publicSocket)];
  return {
    tenantId,
    tenantDir: paths.tenantDir,
    bindDir,
    workdir: plan.cwd,
    program: plan.file,
    args: plan.args,
    path: plan.env['PATH'] ?? '',
    hiddenDirs: [settings.dataDir, settings.runtimeDir, dirname(bindDir), ...publicDirs, ...secrets().dirs],
    hiddenFiles: secrets().files,
    readOnlyPaths: plan.readOnlyPaths,
    network: service.network,
    asOther: service.user !== null,
  };
}

export function secretsOf(config: Pick<Config, 'file' | 'services'> | undefined): ReturnType<Surroundings['secrets']> {
  if (config === undefined) return { files: [], dirs: [] };
  // Up to the first part that differs from tenant to tenant.
  const dirs = [...config.services.values()].map(({ socket }) => fixedDir(socket));
  return { files: [config.file], dirs: [...new Set(dirs)].filter((dir) => dir !== '/') };
}

function fixedDir(socket: string): string {
  const [fixed = ''] = socket.split('{', 1);
  return fixed.slice(0, Math.max(fixed.lastIndexOf('/'), 0)) || '/';
}
