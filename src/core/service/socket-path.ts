/** Where Unix sockets lie, and what fits there. Pure. */
import { basename, dirname } from 'node:path';
import { TenementError } from '../../errors.ts';
import type { ServiceConfig, Settings } from './service.ts';
import { fillTemplate, templateVariables } from './template.ts';

/**
 * The public socket of a service's instance, its template filled in.
 * @throws {TenementError} `bad_config` when the template is wrong
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

/** `sun_path` holds 108 bytes, the last of them NUL (unix(7)). */
export const SUN_PATH_MAX_BYTES = 107;

/**
 * Where the child binds: beside the public socket, because rename(2) stays within one file system, in
 * a directory that only its owner enters.
 */
export function bindSocketPath(publicSocket: string, service: string, tenantId: string, uid: number): string {
  return `${privateDir(dirname(publicSocket), uid)}/${service}-${tenantId}/s`;
}

/** What a server keeps for itself in a directory of public sockets. */
export function privateDir(publicDir: string, uid: number): string {
  return `${publicDir}/.tenement-${uid}`;
}

/** What a server has to itself in a directory of sockets outside of `data_dir`. */
export interface SocketShare {
  readonly dir: string;
  /**
   * The name of a service, by which its private sockets are called, or what its public ones are called, with `{id}` in it;
   * null: all of the directory, which is `runtime_dir`.
   */
  readonly part: string | null;
}

/** Each once. Not those whose template gives each tenant a directory of its own. */
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

/** Whether a path has the form of one that `bindSocketPath` makes for that user. */
export function hasBindSocketForm(path: string, uid: number): boolean {
  return new RegExp(`^/(?:[^/]+/)*\\.tenement-${uid}/[^/]+-[^/]+/s$`).test(path) && !/\/\.\.?\//.test(path);
}

/**
 * Where the child's socket lies once it was taken over: beside its directory, where only tenement writes. The
 * proxy and the probes connect to it there, so that they reach the child and nothing else, whoever has the public
 * path by then.
 */
export function upstreamSocketPath(bindSocket: string): string {
  return `${dirname(bindSocket)}.s`;
}

/** @throws {TenementError} `socket_path_too_long` */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SUN_PATH_MAX_BYTES) return;
  throw new TenementError('socket_path_too_long', `socket path of ${bytes} bytes: ${path}`);
}
