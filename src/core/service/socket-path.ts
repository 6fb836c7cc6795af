/** Paths of Unix sockets, and their limits. Pure. */
import { basename, dirname } from 'node:path';
import { TenementError } from '../../errors.ts';
import type { ServiceConfig, Settings } from './service.ts';
import { fillTemplate, templateVariables } from './template.ts';

/**
 * Returns the public socket of a service's instance.
 * @throws {TenementError} `bad_config` when the template is invalid
 */
export function publicSocketPath(
  { name, socket }: Pick<ServiceConfig, 'name' | 'socket'>,
  id: string,
  { dataDir, runtimeDir }: Pick<Settings, 'dataDir' | 'runtimeDir'>,
): string {
  return fillTemplate(socket, {
    id,
    service: name,
    name,
    data_dir: dataDir,
    tenant_dir: `${dataDir}/${id}`,
    runtime_dir: runtimeDir,
  });
}

/** Returns the socket at which a front server reaches the proxy. No socket of an instance has such a name. */
export function frontSocketPath({ runtimeDir }: Pick<Settings, 'runtimeDir'>): string {
  return `${runtimeDir}/@proxy.sock`;
}

/** `sun_path` holds 108 bytes, the last of them NUL (unix(7)). */
export const SUN_PATH_MAX_BYTES = 107;

/**
 * Returns the path that the child binds: in a private directory beside the public socket, because rename(2) stays
 * within one file system.
 */
export function bindSocketPath(publicSocket: string, service: string, tenantId: string, uid: number): string {
  return `${privateDir(dirname(publicSocket), uid)}/${service}-${tenantId}/s`;
}

/** Returns the private directory of a server in a directory of public sockets. */
export function privateDir(publicDir: string, uid: number): string {
  return `${publicDir}/.tenement-${uid}`;
}

/** What a server owns exclusively in a directory of sockets outside of `data_dir`. */
export interface SocketShare {
  readonly dir: string;
  /**
   * A service's name, which its private sockets are named by, or the name of its public sockets, with `{id}` in it;
   * null: the whole directory, which is `runtime_dir`.
   */
  readonly part: string | null;
}

/** Returns each share once. Templates that give each tenant a directory of its own need none. */
export function socketShares(
  services: Iterable<Pick<ServiceConfig, 'name' | 'socket'>>,
  settings: Pick<Settings, 'dataDir' | 'runtimeDir'>,
): SocketShare[] {
  const shares = new Map<string, SocketShare>();
  for (const service of services) {
    const dirVariables = templateVariables(dirname(service.socket));
    if (dirVariables.includes('id') || dirVariables.includes('tenant_dir')) continue;
    const path = publicSocketPath(service, '{id}', settings);
    const dir = dirname(path);
    if (`${dir}/`.startsWith(`${settings.dataDir}/`)) continue;
    const parts = dir === settings.runtimeDir ? [null] : [service.name, basename(path)];
    for (const part of parts) shares.set(`${part}:${dir}`, { dir, part });
  }
  return [...shares.values()];
}

/** Whether a path has the form that `bindSocketPath` makes for a user. */
export function hasBindSocketForm(path: string, uid: number): boolean {
  return new RegExp(`^/(?:[^/]+/)*\\.tenement-${uid}/[^/]+-[^/]+/s$`).test(path) && !/\/\.\.?\//.test(path);
}

/**
 * Returns the path of the child's socket after the take-over: beside its directory, where only tenement writes. The
 * proxy and the probes connect to this path, so that they reach the child and nothing else, whatever is at the public
 * path by then.
 */
export function upstreamSocketPath(bindSocket: string): string {
  return `${dirname(bindSocket)}.s`;
}

/**
 * Returns the path of an instance's own socket to tenement. Its directory is the server's in every case, unlike that of a
 * public socket, which may lie in the tenant's directory.
 */
export function selfSocketPath(runtimeDir: string, service: string, tenantId: string, uid: number): string {
  return `${privateDir(runtimeDir, uid)}/${service}-${tenantId}.self/s`;
}

/** @throws {TenementError} `socket_path_too_long` */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SUN_PATH_MAX_BYTES) return;
  throw new TenementError('socket_path_too_long', `socket path of ${bytes} bytes: ${path}`);
}
