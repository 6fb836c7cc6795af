/**
 * Warns when the systemd unit of a server breaks what the config promises to tenants. Pure. The settings are those of
 * systemd.kill(5), systemd.exec(5) and systemd.resource-control(5).
 */
import { isWithin, isWithinAny } from './paths.ts';
import type { Settings } from './service.ts';
import type { UnitSocket } from './unit-sockets.ts';

/**
 * Cgroup of the server itself below the one that it divides. systemd may start the server there (`DelegateSubgroup=`).
 */
export const SERVER_LEAF = 'tenement-server';

export interface ServiceUnit {
  /** For example `tenement.service`. */
  readonly name: string;
  /** Empty: the manager's own user, which is root for the system's manager. */
  readonly user: string;
  /** `control-group`, `mixed`, `process` or `none`. */
  readonly killMode: string;
  /** Whether the unit may divide its cgroup. */
  readonly delegated: boolean;
  /** Cgroup below the unit's that the server is started in; null: the unit's own, as before systemd 254. */
  readonly subgroup: string | null;
  /** Absolute paths of its `RuntimeDirectory=`. */
  readonly runtimeDirs: readonly string[];
  /** Whether runtime directories survive nothing, a restart, or also the unit's end. */
  readonly keepsRuntimeDirs: 'no' | 'restart' | 'yes';
  /** Whether it has private /tmp and /var/tmp, which are new at each start. */
  readonly privateTmp: boolean;
  /** Limit of open files; null: unknown. */
  readonly nofileLimit: number | null;
  /** Sockets that systemd opens for it. */
  readonly sockets: readonly UnitSocket[];
  /** `PATH` of its processes, as far as the unit itself sets it. */
  readonly path: string;
}

/** What the config requires of the unit. */
export interface UnitRequirements extends Pick<Settings, 'onExit' | 'cgroupRoot' | 'dataDir'> {
  /** Directories of the public sockets. */
  readonly socketDirs: readonly string[];
  /** Why tenants cannot be moved to `cgroupRoot` and stay in the server's cgroup; null: they can, or there is none. */
  readonly rootLack: string | null;
  /** Whether cgroups have version 2, where a cgroup that passes controllers on accepts no process. */
  readonly isV2: boolean;
}

const PRIVATE_DIRS = ['/tmp', '/var/tmp'];
const DOCS = 'see docs/systemd.md';

/** Returns a sentence for each setting that breaks a promise, with what to set. */
export function unitWarnings(unit: ServiceUnit, requirements: UnitRequirements): string[] {
  const holdsTenants = isHome(unit, requirements);
  const kills = unit.killMode === 'mixed' || unit.killMode === 'control-group';
  const keep = requirements.onExit === 'keep';
  const warnings: string[] = [];
  if (holdsTenants && kills && keep) warnings.push(killsTenants(unit, requirements));
  const isDivided = holdsTenants && requirements.rootLack === null;
  if (isDivided && !kills && isBlocked(unit, requirements)) warnings.push(blocksItself(unit));
  if (isDivided && requirements.isV2 && isOfRoot(unit) && !unit.delegated) warnings.push(undelegated(unit));
  if (!holdsTenants || !kills) warnings.push(...losesSockets(unit, requirements));
  return [...warnings, ...hidesPaths(unit, requirements)];
}

/** Whether tenants are in the unit's own cgroup, where the end of the unit reaches them. */
function isHome({ name }: ServiceUnit, { cgroupRoot, rootLack }: UnitRequirements): boolean {
  return cgroupRoot === null || rootLack !== null || cgroupRoot.split('/').includes(name);
}

/** Whether the cgroup in which systemd starts the server passes controllers on while tenants run. */
function isBlocked(unit: ServiceUnit, { isV2 }: UnitRequirements): boolean {
  return isV2 && unit.subgroup !== SERVER_LEAF && (unit.delegated || isOfRoot(unit));
}

function isOfRoot({ user }: ServiceUnit): boolean {
  return user === '' || user === 'root' || user === '0';
}

function killsTenants({ name, killMode }: ServiceUnit, { rootLack }: UnitRequirements): string {
  const outcome = `${name} has KillMode=${killMode}, by which systemd ends every tenant with the server`;
  if (rootLack === null) return `on_exit = "keep" does not hold: ${outcome}; give tenants a unit of their own, ${DOCS}`;
  return `on_exit = "keep" does not hold: tenants cannot be moved to cgroup_root, and ${outcome}; ${rootLack}`;
}

function blocksItself({ name, killMode }: ServiceUnit): string {
  return (
    `${name} cannot be started again while a tenant runs, not even after a crash (219/CGROUP): with ` +
    `KillMode=${killMode} tenants stay in the cgroup that systemd starts the server in; give them a unit of their own, ${DOCS}`
  );
}

function undelegated({ name }: ServiceUnit): string {
  return `${name} has no Delegate=yes, so that systemd may take the limits of tenants away: set it, ${DOCS}`;
}

function losesSockets(unit: ServiceUnit, { socketDirs, onExit }: UnitRequirements): string[] {
  const { name, keepsRuntimeDirs, runtimeDirs } = unit;
  if (keepsRuntimeDirs === 'yes' || (keepsRuntimeDirs === 'restart' && onExit === 'stop')) return [];
  const lost = runtimeDirs.find((dir) => socketDirs.some((one) => isWithin(one, dir)));
  if (lost === undefined) return [];
  return [
    `${name} has RuntimeDirectoryPreserve=${keepsRuntimeDirs}: systemd removes ${lost} when the server ends, and with it the ` +
      `sockets of tenants that run on; set RuntimeDirectoryPreserve=yes, ${DOCS}`,
  ];
}

function hidesPaths({ name, privateTmp }: ServiceUnit, { socketDirs, dataDir }: UnitRequirements): string[] {
  if (!privateTmp) return [];
  const hidden = [...socketDirs, dataDir].find((dir) => isWithinAny(dir, PRIVATE_DIRS));
  if (hidden === undefined) return [];
  return [
    `${name} has PrivateTmp=yes: nobody else finds what lies in ${hidden}, and systemd removes it when the server ends; ` +
      'keep it elsewhere, or set PrivateTmp=no',
  ];
}
