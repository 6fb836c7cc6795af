/** Where Unix sockets lie, and what fits there. Pure. */
import { dirname } from 'node:path';
import { TenementError } from '../errors.ts';
import type { ServiceConfig, Settings } from './service.ts';
import { fillTemplate } from './template.ts';

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
  return `${dirname(publicSocket)}/.tenement-${uid}/${service}-${tenantId}/s`;
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
