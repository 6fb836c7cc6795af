/** Paths of tenement and of tenants that no other tenant may see. Pure. */
import { dirname, join, normalize } from 'node:path';
import { type BackupConfig, isLocalRepository } from '../backup/backup-config.ts';
import type { JwtConfig } from '../identity/jwt-config.ts';
import type { NotifyTarget } from '../notify/notify-target.ts';
import { isLabel } from '../tenants/tenant.ts';
import { isWithin } from './paths.ts';
import type { Config, ServiceConfig, Settings } from './service.ts';

export interface HiddenPaths {
  /** Directories in which a tenant sees only what is its own. */
  readonly dirs: readonly string[];
  /** Directories that directly contain sockets. */
  readonly socketDirs: readonly string[];
  readonly files: readonly string[];
}

export type ConfiguredServices = Pick<Config, 'settings'> & {
  readonly file: string | null;
  readonly services: Iterable<ServiceConfig>;
  readonly notify: readonly NotifyTarget[];
  readonly jwt: JwtConfig | null;
  readonly backup?: BackupConfig | null;
};

/** @param uid the server's user id */
export function hiddenPaths(configured: ConfiguredServices, uid: number): HiddenPaths {
  const { settings, services, file, notify, jwt, backup = null } = configured;
  const places = [...services].map((service) => socketPlace(service, settings));
  const socketDirs = [settings.runtimeDir, ...places.filter(({ isDirect }) => isDirect).map(({ dir }) => dir)];
  const parents = places.filter(({ isDirect }) => !isDirect).map(({ dir }) => dir);
  const { dataDir, stateDir, cgroupRoot } = settings;
  const repository = backup !== null && isLocalRepository(backup.repository) ? [backup.repository] : [];
  const dirs = [dataDir, stateDir, ...repository, ...parents, ...socketDirs.map((dir) => bindParent(dir, uid))];
  return {
    dirs: [...new Set([...dirs, ...(cgroupRoot === null ? [] : [cgroupRoot])])],
    socketDirs: [...new Set(socketDirs)],
    files: [file, backup?.passwordFile ?? null, ...notify.map(({ secretFile }) => secretFile), secretPath(jwt)].filter(
      (path) => path !== null,
    ),
  };
}

/** Returns the file whose secret signs tokens. */
function secretPath(jwt: JwtConfig | null): string | null {
  return jwt?.keys.kind === 'secret' ? jwt.keys.path : null;
}

/** Returns the parent of the bind directories; see `bindSocketPath`. */
function bindParent(socketDir: string, uid: number): string {
  return join(socketDir, `.tenement-${uid}`);
}

interface SocketPlace {
  readonly dir: string;
  /** Whether it directly contains the sockets of all tenants, rather than a directory for each. */
  readonly isDirect: boolean;
}

/** Returns the public sockets' path up to its first part that differs between tenants. */
export function socketPlace({ name, socket }: Pick<ServiceConfig, 'name' | 'socket'>, settings: Settings): SocketPlace {
  const known = new Map(
    Object.entries({
      service: name,
      name,
      data_dir: settings.dataDir,
      runtime_dir: settings.runtimeDir,
      tenant_dir: `${settings.dataDir}/{id}`,
    }),
  );
  const path = normalize(socket.replace(/(?<!\{)\{(\w+)\}(?!\})/g, (all, key: string) => known.get(key) ?? all));
  const at = path.indexOf('{');
  const fixed = at === -1 ? path : path.slice(0, at);
  return {
    dir: dirname(`${fixed}x`),
    isDirect: at === -1 || !path.slice(at).includes('/'),
  };
}

/** Returns the tenant whose directory contains a path, judged by name alone; null: none. */
export function tenantOf(path: string, dataDir: string): string | null {
  if (path === dataDir || !isWithin(path, dataDir)) return null;
  const [first = ''] = path.slice(dataDir === '/' ? 1 : dataDir.length + 1).split('/');
  return isLabel(first) ? first : null;
}
