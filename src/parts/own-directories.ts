/** What a server has to itself: its state directory, and the directories of its sockets. */
import { noteRuntimeDir } from '../config/runtime-dir.ts';
import { isWithin } from '../core/service/paths.ts';
import type { Config } from '../core/service/service.ts';
import { socketShares } from '../core/service/socket-path.ts';
import { TenementError } from '../errors.ts';
import { tenantsBoundIn } from '../process/child/strays.ts';
import { assertDataDirectories, assertSocketDirectories } from '../process/isolation/host/directories.ts';
import { ensureSocketDirs } from '../process/storage/directories.ts';
import type { ExclusiveLock } from '../registry/locks/exclusive-lock.ts';
import { acquireStateLock } from '../registry/locks/lock.ts';
import { assertClaimable, SocketClaims } from '../registry/locks/socket-claims.ts';
import { SocketsTaken } from '../registry/locks/sockets-taken.ts';
import { openStateDir } from '../registry/locks/state-dir.ts';

export interface OwnDirectories {
  /**
   * The config that was passed; if another server has its default `runtime_dir`, the same with a directory of its own.
   */
  readonly config: Config;
  readonly lock: ExclusiveLock;
  readonly claims: SocketClaims;
}

/** Fallback for a default `runtime_dir` that belongs to another server. */
export interface RuntimeDirFallback {
  /** Loads the same config with a directory of this server's own. @throws {TenementError} of `loadConfig` */
  load(): Config;
  warn(text: string): void;
}

/**
 * Takes the directories. @throws {TenementError} `already_running`, `sockets_taken`, `state_failed`, and errors of
 * `load`
 */
export async function ownDirectories(config: Config, fallback: RuntimeDirFallback): Promise<OwnDirectories> {
  const { stateDir } = config.settings;
  assertDataDirectories(config);
  openStateDir(stateDir);
  const lock = acquireStateLock(stateDir);
  const claims = new SocketClaims({ ...claimantOf(config), prepare: ensureSocketDirs });
  try {
    const claimed = await ownOrFallback(config, fallback, async (one) => {
      await assertSocketDirectories(one);
      await claims.take(sharesOf(one));
    });
    if (claimed !== config) note(claimed);
    return { config: claimed, lock, claims };
  } catch (error) {
    claims.release({ keepTenants: true });
    lock.release();
    throw error;
  }
}

/**
 * Returns the config that a server would serve now; claims nothing.
 * @throws {TenementError} `sockets_taken` when another server has its sockets, `state_failed`, and errors of `load`
 */
export function servableConfig(config: Config, fallback: RuntimeDirFallback): Promise<Config> {
  assertDataDirectories(config);
  return ownOrFallback(config, fallback, async (one) => {
    await assertSocketDirectories(one);
    await assertClaimable(sharesOf(one), claimantOf(one));
  });
}

async function ownOrFallback(config: Config, fallback: RuntimeDirFallback, take: (config: Config) => Promise<void>) {
  try {
    await take(config);
    return config;
  } catch (error) {
    if (!isDefaultTaken(error, config)) throw error;
    const moved = fallback.load();
    fallback.warn(movedWarning(error, moved));
    await take(moved);
    return moved;
  }
}

function isDefaultTaken(error: unknown, { settings }: Config): error is SocketsTaken {
  const isDefault = settings.runtimeDirSource === 'default';
  return isDefault && error instanceof SocketsTaken && isWithin(error.dir, settings.runtimeDir);
}

function movedWarning(taken: SocketsTaken, { settings }: Config): string {
  return (
    `settings.runtime_dir is not set, and ${taken.message}: the sockets of this server lie in ${settings.runtimeDir} ` +
    'from now on. Set runtime_dir to choose the directory; generate the configuration of a front server again, since it ' +
    'names sockets by their path'
  );
}

function note({ settings }: Config): void {
  try {
    noteRuntimeDir(settings);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TenementError('state_failed', `the directory of sockets cannot be noted: ${why}`, { cause: error });
  }
}

function sharesOf({ services, settings }: Config) {
  return socketShares(services.values(), settings);
}

function claimantOf({ file, settings: { dataDir, stateDir } }: Config) {
  return { config: file, dataDir, stateDir, uid: process.getuid?.() ?? 0, tenantsIn: tenantsBoundIn };
}
