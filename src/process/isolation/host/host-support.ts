/** Checks whether this host can give what services ask for. A key that it cannot honour is refused, never ignored. */
import { existsSync } from 'node:fs';
import { LIMITS } from '../../../core/limits/limit-table.ts';
import type { ServiceConfig, Settings } from '../../../core/service/service.ts';
import type { ServiceUnit } from '../../../core/service/service-unit.ts';
import { TenementError } from '../../../errors.ts';
import { type Cgroups, CONTROLS, type Control } from '../../cgroup/cgroup.ts';
import { findCgroups } from '../../cgroup/find.ts';
import { hasSwap } from '../../cgroup/swap.ts';
import { findProgram, hasSetpriv } from '../../launch/wrapper.ts';
import type { Owner } from '../../storage/directories.ts';
import { isUnified } from '../../systemd/own-unit.ts';
import { FILTER } from '../seccomp/filter-file.ts';
import { namespaceRemedy, whyNoNamespaces } from './namespaces.ts';
import { assertPrograms } from './programs.ts';
import { sandboxRemedy, whyNoSandbox } from './sandbox.ts';
import { assertUsers, whyNoUsers } from './users.ts';

/** What this host can give. */
export interface HostSupport {
  /** Isolation levels that a service may ask for. */
  readonly isolation: readonly string[];
  /** Why `namespace` is missing, and what to do about it; null when it is available. */
  readonly namespaces: string | null;
  /** The same for `sandbox`. */
  readonly sandbox: string | null;
  /** Whether a tenant in a namespace has a system call filter. */
  readonly filter: boolean;
  /** Whether a tenant can have a user of its own. */
  readonly users: boolean;
  readonly cgroup: Pick<Cgroups, 'version' | 'lack' | 'freezes'> & { readonly controls: readonly Control[] };
  /** Whether memory of suspended instances can be moved to swap. */
  readonly pushesOut: boolean;
  /** Whether children can be kept from gaining privileges. */
  readonly noNewPrivs: boolean;
  /** Whether /proc tells processes apart by their start time. */
  readonly proc: boolean;
}

/**
 * Tries what this host can give. Leaves nothing behind.
 * @param unit the systemd unit that the server is to run in, when this is not its process
 * @throws {TenementError} `host_cannot`, like `assertHostGives`
 */
export function hostSupportFor(
  settings: Settings,
  services: Iterable<ServiceConfig>,
  unit: ServiceUnit | null = null,
): HostSupport {
  const cgroups = cgroupsFor(settings, unit);
  assertPrograms();
  assertHostGives(services, cgroups, settings);
  const { version, lack, freezes, controls } = cgroups;
  const users = whyNoUsers(settings) === null;
  const namespaces = whyNoNamespaces({ owner: users ? trialOwner(settings) : null, network: 'host' });
  const sandbox = whyNoSandbox(settings.stateDir);
  return {
    isolation: ['process', ...(namespaces === null ? ['namespace'] : []), ...(sandbox === null ? ['sandbox'] : [])],
    namespaces: namespaces && `${namespaces}. ${namespaceRemedy(namespaces)}`,
    sandbox: sandbox && `${sandbox}. ${sandboxRemedy(sandbox)}`,
    filter: FILTER !== null,
    users,
    cgroup: { version, lack, freezes, controls: [...controls] },
    pushesOut: version === 'v2' && controls.has('memory') && hasSwap(),
    noNewPrivs: hasSetpriv,
    proc: existsSync('/proc/self/stat'),
  };
}

/** Cgroups that this process finds; for a unit with a delegated cgroup, those that systemd will give it. */
function cgroupsFor({ cgroupRoot: root, stateDir }: Settings, unit: ServiceUnit | null): Cgroups {
  const found = findCgroups({ root, stateDir });
  found.close();
  if (root !== null || unit?.delegated !== true || !isUnified()) return found;
  return { ...found, version: 'v2', controls: new Set(CONTROLS), freezes: true, lack: null };
}

/**
 * Checks what services ask for. @throws {TenementError} `host_cannot`, which names the first key that this host cannot
 * honour
 */
export function assertHostGives(services: Iterable<ServiceConfig>, cgroups: Cgroups, settings: Settings): void {
  for (const service of services) {
    assertUsers(service, settings);
    assertIsolation(service, settings);
    assertMeasured(service);
    for (const { key, field, control } of Object.values(LIMITS)) {
      if (control === null || service[field] === null || cgroups.controls.has(control)) continue;
      throw new TenementError('host_cannot', `service.${service.name}.${key} cannot be enforced on this host`, {
        hint: `${capitalized(cgroups.lack ?? 'it has no such controller')}; or leave ${key} out.`,
      });
    }
  }
}

function assertIsolation(service: ServiceConfig, settings: Settings): void {
  const { name, isolation } = service;
  const why = whyNoIsolation(service, settings);
  if (why === null) return;
  const message = `service.${name}.isolation = "${isolation}" is not possible on this host: ${why}`;
  const remedy = isolation === 'sandbox' ? sandboxRemedy(why) : namespaceRemedy(why);
  const instead = isolation === 'sandbox' ? '"namespace"' : '"process", which separates only honest tenants';
  throw new TenementError('host_cannot', message, { hint: `${remedy}; or set isolation = ${instead}.` });
}

function whyNoIsolation({ isolation, user, network }: ServiceConfig, settings: Settings): string | null {
  if (isolation === 'process') return null;
  if (isolation === 'sandbox') return whyNoSandbox(settings.stateDir);
  return whyNoNamespaces({ owner: user === 'dynamic' ? trialOwner(settings) : null, network });
}

/** The user that trials of users run as, too. */
function trialOwner({ dynamicUids: [, uid] }: Pick<Settings, 'dynamicUids'>): Owner {
  return { uid, gid: uid };
}

function assertMeasured({ name, storageLimitBytes }: ServiceConfig): void {
  if (storageLimitBytes === null || findProgram('du') !== null) return;
  const message = `service.${name}.storage_limit_mb cannot be measured on this host: du is not installed`;
  throw new TenementError('host_cannot', message, { hint: 'Install coreutils; or leave storage_limit_mb out.' });
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
