/** The systemd service in which a config is served, and what its settings mean for the config's tenants. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Config } from '../core/service/service.ts';
import { type ServiceUnit, type UnitRequirements, unitWarnings } from '../core/service/service-unit.ts';
import { publicSocketPath } from '../core/service/socket-path.ts';
import type { Cgroups } from '../process/cgroup/cgroup.ts';
import { isUnified, ownUnit } from '../process/systemd/own-unit.ts';
import { commandOf, environmentOf, type Properties, serviceUnits, showUnit } from '../process/systemd/show.ts';

/** Program names in `ExecStart=`: both commands, and the file. */
const PROGRAMS = new Set(['tenement', 'ten', 'tenement.js']);
/** Matches any of them. */
const PROGRAM = /\bten(?:ement(?:\.js)?)?\b/;

/** Returns the unit of this process; null when it has none, or systemd does not answer. */
export async function unitOfServer(env: NodeJS.ProcessEnv): Promise<ServiceUnit | null> {
  const own = ownUnit(env);
  return own === null ? null : showUnit(own);
}

/** Returns the first unit that serves the config, of the system or else of this user, running or not; null: none. */
export async function unitServing({ file }: Pick<Config, 'file'>): Promise<ServiceUnit | null> {
  const isAsked = (properties: Properties) => real(configOf(properties)) === real(file);
  const [ofSystem] = await serviceUnits('system', PROGRAM, isAsked);
  if (ofSystem !== undefined) return ofSystem;
  const [ofUser = null] = await serviceUnits('user', PROGRAM, isAsked);
  return ofUser;
}

type FoundCgroups = Pick<Cgroups, 'version' | 'lack'>;

/** Returns a sentence for each setting of the unit that breaks a promise of the config, in a server that has these cgroups. */
export function unitWarningsFor(unit: ServiceUnit, config: Config, cgroups: FoundCgroups): string[] {
  return unitWarnings(unit, requirementsOf(config, cgroups));
}

/** The same before the server starts, when the unit that makes `cgroup_root` may not have started either. */
export function unitWarningsAhead(unit: ServiceUnit, config: Config, cgroups: FoundCgroups): string[] {
  const { cgroupRoot } = config.settings;
  const isYetToCome = isUnified() && cgroupRoot !== null && !existsSync(cgroupRoot);
  return unitWarningsFor(unit, config, isYetToCome ? { version: 'v2', lack: null } : cgroups);
}

function requirementsOf({ settings, services }: Config, cgroups: FoundCgroups): UnitRequirements {
  const { onExit, cgroupRoot, dataDir } = settings;
  const sockets = Array.from(services.values(), (service) => dirname(publicSocketPath(service, '{id}', settings)));
  const socketDirs = [...new Set(sockets)];
  return {
    onExit,
    cgroupRoot,
    rootLack: cgroupRoot === null ? null : rootLackOf(cgroups),
    dataDir,
    socketDirs,
    isV2: isUnified(),
  };
}

/** Only version 2 has one cgroup for limits and for systemd, so only there moving a process takes it out of its unit. */
function rootLackOf({ version, lack }: FoundCgroups): string | null {
  return version === 'v2' ? null : (lack ?? 'that needs cgroup version 2');
}

/** Returns the absolute path of the config that a unit serves; null when the unit does not run tenement. */
export function configOf(properties: Properties): string | null {
  const words = commandOf(properties);
  if (!words.includes('serve') || !words.some((word) => PROGRAMS.has(basename(word)))) return null;
  const named = optionOf(words) ?? environmentOf(properties)['TENEMENT_CONFIG'] ?? 'tenement.toml';
  // A `!` precedes a directory that may be missing.
  return resolve((properties['WorkingDirectory'] || '/').replace(/^!/, ''), named);
}

function optionOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-c' || word === '--config');
  return at < 0 ? words.find((word) => word.startsWith('--config='))?.slice('--config='.length) : words[at + 1];
}

/** Resolves symbolic links; null for a missing path. */
function real(path: string | null): string | null {
  try {
    return path === null ? null : realpathSync(path);
  } catch {
    return null;
  }
}
