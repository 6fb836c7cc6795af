/** What the dashboard reads: its session, a row of each tenant and instance, their changes, and the host. Types only. */
import type { Ability } from '../access/ability.ts';
import type { EventEntry } from '../lifecycle/event-entry.ts';
import type { TenantView } from '../verbs/tenant-verbs.ts';
import type { InstanceView } from '../verbs/verbs.ts';

/** The session of the page, and what it may do. */
export interface SessionView {
  /** The name of its token, `cli`, or `anonymous` with `auth = "none"`. */
  readonly name: string;
  /** `admin`, `service:api` or `tenant:acme`. */
  readonly scope: string;
  readonly can: readonly Ability[];
  /** ISO 8601; null: it does not expire. */
  readonly expiresAt: string | null;
  /** Of the server. */
  readonly version: string;
  /** Names of the services and plans in the config; those that the scope covers. */
  readonly services: readonly string[];
  readonly plans: readonly string[];
}

/** An instance in the dashboard's list: what of its view a row shows. */
export type InstanceRow = Pick<
  InstanceView,
  | 'instance'
  | 'state'
  | 'reason'
  | 'memoryBytes'
  | 'memoryLimitBytes'
  | 'cpuSeconds'
  | 'requests'
  | 'inFlight'
  | 'restarts'
  | 'startedAt'
  | 'lastActivityAt'
  | 'retryAt'
>;

/** A tenant in the dashboard's list. */
export interface TenantRow
  extends Pick<
    TenantView,
    'id' | 'state' | 'reason' | 'plan' | 'expiresAt' | 'labels' | 'storageBytes' | 'requestsThisMonth'
  > {
  /** How many it has. */
  readonly domains: number;
}

/** Everything that a session sees. */
export interface DashboardList {
  /** Changes are those after this. */
  readonly cursor: string;
  readonly tenants: readonly TenantRow[];
  readonly instances: readonly InstanceRow[];
}

/** What has changed within about a second. Rows are complete. */
export interface DashboardChange {
  readonly instances?: readonly InstanceRow[];
  readonly tenants?: readonly TenantRow[];
  readonly removedInstances?: readonly string[];
  readonly removedTenants?: readonly string[];
  /** Oldest first. */
  readonly events?: readonly EventEntry[];
  /** Some changes are missing: the list has to be read again. */
  readonly reset?: true;
}

export interface IsolationSupport {
  readonly level: 'process' | 'namespace' | 'sandbox';
  readonly available: boolean;
  /** What is missing; null: nothing. */
  readonly reason: string | null;
}

/** The machine that the server runs on, and the server's own limits. */
export interface HostView {
  readonly version: string;
  readonly hostname: string;
  /** Of the server, ISO 8601. */
  readonly startedAt: string;
  readonly cpus: number;
  /** Over 1, 5 and 15 minutes. */
  readonly loadAverage: readonly number[];
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  /** `totalBytes` is 0 without swap. */
  readonly swap: { readonly totalBytes: number; readonly freeBytes: number };
  /** Of the file system with the tenant directories; null: unknown. */
  readonly storage: { readonly totalBytes: number; readonly availableBytes: number } | null;
  /** Open files of the server. */
  readonly descriptors: { readonly used: number | null; readonly limit: number };
  readonly instances: { readonly running: number; readonly maxRunning: number; readonly maxConcurrentStarts: number };
  /** The server's own process. */
  readonly server: { readonly memoryBytes: number; readonly cpuSeconds: number };
  /** Version of the cgroups that limit tenants; null: none do. */
  readonly cgroup: 1 | 2 | null;
  readonly isolation: readonly IsolationSupport[];
  /** What `tenement check` says about the host, a sentence each. */
  readonly notices: readonly string[];
}
