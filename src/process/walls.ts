/** What keeps one tenant from the others: a user of its own, a view of the machine of its own. */
import { dirname } from 'node:path';
import type { LaunchRequest } from '../core/ports.ts';
import type { Config, Settings } from '../core/service.ts';
import { bubblewrapWords } from './bubblewrap.ts';
import type { Owner } from './directories.ts';
import { dynamicOwner } from './dynamic-user.ts';
import type { Plan } from './plan.ts';
import { findProgram } from './wrapper.ts';

/** What is around a tenant. */
export interface Surroundings {
  readonly settings: Settings;
  /** What no tenant is to see: the config, and where the sockets of all services lie. */
  secrets(): { readonly files: readonly string[]; readonly dirs: readonly string[] };
  /** Where a child finds the filter of its system calls; null: there is none. */
  readonly filterFd: number | null;
}

/** null: the server's own user. @throws {Error} with a sentence for a person */
export function ownerFor({ service, tenantId }: LaunchRequest, settings: Settings): Owner | null {
  return service.user === null ? null : dynamicOwner(settings.dataDir, tenantId, settings.dynamicUids);
}

/** bwrap and its arguments; empty at `isolation = "process"`. @throws {Error} */
export function sandboxFor(request: LaunchRequest, plan: Plan, surroundings: Surroundings): string[] {
  const { service, paths, tenantId } = request;
  const { settings, secrets, filterFd } = surroundings;
  if (service.isolation !== 'namespace') return [];
  const bwrap = findProgram('bwrap');
  if (bwrap === null) throw new Error('bwrap is not installed, which isolation = "namespace" takes');
  const bindDir = dirname(paths.bindSocket);
  const publicDirs = paths.publicSocket === null ? [] : [dirname(paths.publicSocket)];
  const view = {
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
    filterFd,
  };
  return [bwrap, ...bubblewrapWords(view)];
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
