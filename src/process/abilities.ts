/** Whether this host can give what services ask for. What it cannot give is refused, never left out in silence. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { ServiceConfig, Settings } from '../core/service.ts';
import { TenementError } from '../errors.ts';
import { filterWords, NAMESPACES, scratchWords } from './bubblewrap.ts';
import type { Cgroups, Control } from './cgroup/cgroup.ts';
import { findCgroups } from './cgroup/find.ts';
import { hasSwap } from './cgroup/swap.ts';
import { assertPrograms } from './programs.ts';
import { whyNoSandbox } from './runsc/able.ts';
import { FILTER } from './seccomp/filter-file.ts';
import { assertUsers, whyNoUsers } from './user-ability.ts';
import { findProgram, hasSetpriv } from './wrapper.ts';

/** bwrap around nothing takes milliseconds; a busy machine may take seconds. */
const TRY_TIMEOUT_MS = 20_000;

/** What this host can give. */
export interface Abilities {
  /** Isolation levels that a service may ask for. */
  readonly isolation: readonly string[];
  /** Why `namespace` is not among them; null when it is. */
  readonly namespaces: string | null;
  /** Why `sandbox` is not; null when it is. */
  readonly sandbox: string | null;
  /** Whether a tenant in a namespace has a filter of system calls. */
  readonly filter: boolean;
  /** Whether a tenant can have a user of its own. */
  readonly users: boolean;
  readonly cgroup: Pick<Cgroups, 'version' | 'lack' | 'freezes'> & { readonly controls: readonly Control[] };
  /** Whether memory of what is suspended can be pushed out. */
  readonly pushesOut: boolean;
  /** Whether children can be kept from gaining privileges. */
  readonly noNewPrivs: boolean;
  /** Whether /proc tells processes apart by their start time. */
  readonly proc: boolean;
}

/**
 * Looks, and leaves nothing behind.
 * @throws {TenementError} `host_cannot` as `assertHostGives`
 */
export function abilitiesFor(settings: Settings, services: Iterable<ServiceConfig>): Abilities {
  const cgroups = findCgroups({ root: settings.cgroupRoot, stateDir: settings.stateDir });
  cgroups.close();
  assertPrograms();
  assertHostGives(services, cgroups, settings);
  const { version, lack, freezes, controls } = cgroups;
  const [namespaces, sandbox] = [whyNoNamespaces(), whyNoSandbox()];
  return {
    isolation: ['process', ...(namespaces === null ? ['namespace'] : []), ...(sandbox === null ? ['sandbox'] : [])],
    namespaces,
    sandbox,
    filter: FILTER !== null,
    users: whyNoUsers(settings.dynamicUids) === null,
    cgroup: { version, lack, freezes, controls: [...controls] },
    pushesOut: version === 'v2' && controls.has('memory') && hasSwap(),
    noNewPrivs: hasSetpriv,
    proc: existsSync('/proc/self/stat'),
  };
}

/** Keys that only the kernel can enforce. `memory_limit_mb` is not among them: tenement watches it where it must. */
const NEEDED: readonly (readonly [key: string, control: Control, isSet: (service: ServiceConfig) => boolean])[] = [
  ['cpu_shares', 'cpu', ({ cpuShares }) => cpuShares !== null],
  ['cpu_limit', 'cpu', ({ cpuLimit }) => cpuLimit !== null],
  ['pids_limit', 'pids', ({ pidsLimit }) => pidsLimit !== null],
];

/** @throws {TenementError} `host_cannot` that names the first key which this host cannot give */
export function assertHostGives(services: Iterable<ServiceConfig>, cgroups: Cgroups, settings: Settings): void {
  for (const service of services) {
    assertWalls(service);
    assertUsers(service, settings);
    assertMeasured(service);
    for (const [key, control, isSet] of NEEDED) {
      if (!isSet(service) || cgroups.controls.has(control)) continue;
      throw new TenementError('host_cannot', `service.${service.name}.${key} cannot be enforced on this host`, {
        hint: `${capitalized(cgroups.lack ?? 'it has no such controller')}; or leave ${key} out.`,
      });
    }
  }
}

function assertWalls({ name, isolation }: ServiceConfig): void {
  const lack = lackOf(isolation);
  if (lack === null) return;
  const message = `service.${name}.isolation = "${isolation}" cannot be given on this host: ${lack}`;
  throw new TenementError('host_cannot', message, { hint: REMEDIES[isolation] });
}

function assertMeasured({ name, storageLimitBytes }: ServiceConfig): void {
  if (storageLimitBytes === null || findProgram('du') !== null) return;
  const message = `service.${name}.storage_limit_mb cannot be measured on this host: du is not installed`;
  throw new TenementError('host_cannot', message, { hint: 'Install coreutils; or leave storage_limit_mb out.' });
}

const REMEDIES: Readonly<Record<ServiceConfig['isolation'], string>> = {
  process: '',
  namespace: 'Install bubblewrap, and let it make user namespaces.',
  sandbox: 'Install runsc (gVisor), and run tenement as root where processes may be traced; or use "namespace".',
};

function lackOf(isolation: ServiceConfig['isolation']): string | null {
  if (isolation === 'process') return null;
  return isolation === 'namespace' ? whyNoNamespaces() : whyNoSandbox();
}

const TRIAL_BYTES = 4096;

/** Those that have made namespaces: a trial holds up everything else, and each registration asks. */
const tried = new Set<string>();

/** Tried, since a kernel or a container may forbid what is installed. */
function whyNoNamespaces(): string | null {
  const bwrap = findProgram('bwrap');
  if (bwrap === null) return 'bwrap is not installed (apt-get install bubblewrap)';
  if (tried.has(bwrap)) return null;
  const words = [
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    // From version 0.7 on.
    ...scratchWords('/tmp', TRIAL_BYTES),
    ...NAMESPACES,
    '--unshare-net',
    ...filterWords(FILTER === null ? null : 0),
    '--',
    '/bin/true',
  ];
  const options = { input: FILTER ?? '', encoding: 'utf8', timeout: TRY_TIMEOUT_MS } as const;
  const { status, stderr } = spawnSync(bwrap, words, options);
  if (status === 0) tried.add(bwrap);
  return status === 0 ? null : (stderr ?? '').trim().split('\n')[0] || 'bwrap failed';
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
