/** The validated config, with defaults filled in and times in milliseconds. */
import { TenementError } from '../../errors.ts';
import type { BackupConfig } from '../backup/backup-config.ts';
import type { JwtConfig } from '../identity/jwt-config.ts';
import type { TenantFrom } from '../identity/tenant-source.ts';
import type { Limits } from '../limits/limits.ts';
import type { NotifyTarget } from '../notify/notify-target.ts';
import type { TelemetryConfig } from '../observing/request-trace.ts';
import type { Plan } from '../plans/plan.ts';
import type { HookConfig } from '../provisioning/hook.ts';
import type { Generator } from '../secrets/generator.ts';
import type { SkeletonConfig } from '../tenants/skeleton.ts';
import type { TlsConfig } from '../tls/tls-config.ts';

export interface ServiceConfig extends Limits {
  readonly name: string;
  /** Words of the command, with templates. Never empty. */
  readonly command: readonly string[];
  /** Absolute path, with templates. */
  readonly workdir: string;
  /** Template of the public socket's absolute path. */
  readonly socket: string;
  /** For example 0o660. */
  readonly socketMode: number;
  /** Group id of the public socket; null: unchanged. */
  readonly socketGroup: number | null;
  /** The server behind the public socket of a ready instance: its own process, or tenement, as by the proxy. */
  readonly publicSocket: 'direct' | 'proxied';
  readonly listen: 'socket' | 'port';
  /** Path of the readiness and liveness probe; null: accepting a connection counts as healthy. */
  readonly health: string | null;
  /** `Host` of the probes, with templates. */
  readonly healthHost: string;
  readonly healthTimeoutMs: number;
  readonly restart: 'on-failure' | 'always' | 'never';
  /** 0: never sleeps. */
  readonly idleTimeoutMs: number;
  /** What happens to an idle process: it ends, or is frozen. */
  readonly idleAction: 'stop' | 'suspend';
  /** How long a process stays frozen before it ends; 0: for ever. */
  readonly suspendTimeoutMs: number;
  readonly startupTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** How long a restart, stop or sleep waits for requests in flight before SIGTERM. */
  readonly drainTimeoutMs: number;
  /** Time until the response's first byte; 0: unlimited. */
  readonly requestTimeoutMs: number;
  /** How many requests are held for each instance while it wakes. */
  readonly wakeQueue: number;
  /** Whether a GET, HEAD or OPTIONS without a body is sent again when its process closes the connection. */
  readonly retry: boolean;
  readonly isolation: 'process' | 'namespace' | 'sandbox';
  /** `none`: the instance reaches nothing but its own socket. */
  readonly network: 'host' | 'none';
  /**
   * `dynamic`: a user id of its own for each tenant. `root`: the server's user, which must be root. null: the server's
   * user.
   */
  readonly user: 'dynamic' | 'root' | null;
  /** The only paths of the host that are visible at `namespace`, with templates; null: all except hidden ones. */
  readonly readOnlyPaths: readonly string[] | null;
  /** Writable paths of the host, with templates. */
  readonly readWritePaths: readonly string[];
  /** Sockets of the host that it may connect to, or directories of them, with templates. */
  readonly sockets: readonly string[];
  /** Limit for each directory in memory; null: derived from the memory limit. */
  readonly tmpLimitBytes: number | null;
  /** What happens to an instance over its storage limit. */
  readonly storageAction: 'warn' | 'stop';
  /** Limit for an instance's log files together. */
  readonly logLimitBytes: number;
  /** Whether each instance has a socket of its own to tenement. */
  readonly selfApi: boolean;
  /** How long an instance may keep itself awake with one request. */
  readonly maxBusyMs: number;
  readonly inheritEnv: readonly string[];
  /** Values with templates. */
  readonly env: Readonly<Record<string, string>>;
  /** Secrets that the process also gets as variables. */
  readonly secretsEnv: readonly string[];
  /** Secrets that each tenant gets once: names with how their values are made. */
  readonly secrets: Readonly<Record<string, Generator>>;
  /** Its hooks, in the order in which they run. */
  readonly hooks: readonly HookConfig[];
  /** Fields that the config leaves out, so that a plan's value holds in place of the default. */
  readonly defaulted: readonly string[];
}

/** Mode and group of a socket, which decide who may connect. */
export type SocketAccess = Pick<ServiceConfig, 'socketMode' | 'socketGroup'>;

/** The server behind a public socket, and the rights to connect to it. */
export type SocketPolicy = SocketAccess & Pick<ServiceConfig, 'publicSocket'>;

export interface Settings {
  /** Absolute path. */
  readonly dataDir: string;
  /** `{dataDir}/.tenement` */
  readonly stateDir: string;
  /** Absolute path. */
  readonly runtimeDir: string;
  /** `own`: the server's own directory, because another server has the default one. */
  readonly runtimeDirSource: 'config' | 'default' | 'own';
  readonly healthCheckIntervalMs: number;
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly maxRunning: number;
  readonly maxConcurrentStarts: number;
  /** Memory of the machine that is kept available by ending unused instances; 0: none. */
  readonly memoryReserveBytes: number;
  readonly onExit: 'stop' | 'keep';
  /** First and last user id for `user = "dynamic"`. */
  readonly dynamicUids: readonly [first: number, last: number];
  /** Absolute path of a delegated cgroup; null: derived from the server's own. */
  readonly cgroupRoot: string | null;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ProxyConfig {
  readonly listen: ListenAddress;
  /** Lower case, without a trailing dot; `*` matches any. */
  readonly domains: readonly string[];
  readonly defaultService: string | null;
  /** Group that may connect to the proxy's own socket, as a trusted front server; null: there is no such socket. */
  readonly socketGroup: number | null;
  /** IP addresses or CIDR ranges. */
  readonly trustedProxies: readonly string[];
  readonly limits: ProxyLimits;
  /** Processes that share the port; 1: the server itself. */
  readonly workers: number;
}

/** Limits for clients of the proxy. */
export interface ProxyLimits {
  /** Client connections of each accepting process; 0: as many as the limit of open files allows. */
  readonly maxConnections: number;
  /** Connections from one address; 0: a part of `maxConnections`. */
  readonly maxConnectionsPerClient: number;
  /** Sockets that listen on its port. */
  readonly listeners: number;
  /** Processes that accept side by side, each of which allows its part of what an address may do in all. */
  readonly processes: number;
  /** Size of a request line and its header fields together. */
  readonly maxHeaderBytes: number;
  /** Time until the whole header is received. */
  readonly headerTimeoutMs: number;
  /** Time between two requests on a connection. */
  readonly keepAliveTimeoutMs: number;
  /** Time in which no byte of a body is sent by the client or taken by it. */
  readonly bodyIdleTimeoutMs: number;
}

export const DEFAULT_PROXY_LIMITS: ProxyLimits = {
  maxConnections: 0,
  maxConnectionsPerClient: 0,
  listeners: 64,
  processes: 1,
  maxHeaderBytes: 16 * 1024,
  headerTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  bodyIdleTimeoutMs: 60_000,
};

export interface ApiConfig {
  readonly listen: ListenAddress;
  readonly auth: 'token' | 'none';
  /** Whether tenants have series of their own in `/metrics`. */
  readonly metricsPerTenant: boolean;
}

/** An entry of `[instances]`, which is registered when the server starts. */
export interface ListedInstance {
  readonly service: string;
  readonly tenantId: string;
  /** Whether it is also started. */
  readonly start: boolean;
}

/** `[tenants]` */
export interface TenantsConfig {
  /** The plan of tenants that were given none; null: they have none. */
  readonly defaultPlan: string | null;
  /** What new tenant directories hold; null: nothing. */
  readonly skeleton: SkeletonConfig | null;
  /** How long requests to a tenant may be held for an operation that needs it still. */
  readonly holdTimeoutMs: number;
  /** Whether every domain of a tenant's own has to be proved. */
  readonly verifyDomains: boolean;
  /** DNS servers for that, as `address` or `address:port`; empty: those of the system. */
  readonly dnsServers: readonly string[];
}

export interface Config {
  /** Absolute path of the file. */
  readonly file: string;
  readonly settings: Settings;
  readonly proxy: ProxyConfig;
  /** `[tls]`; null: the proxy speaks plain HTTP. */
  readonly tls: TlsConfig | null;
  readonly api: ApiConfig;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** `[instances]` */
  readonly instances: readonly ListedInstance[];
  /** `[routing.aliases]`: first label → tenant id. */
  readonly aliases: ReadonlyMap<string, string>;
  /** `[routing] tenant_from` */
  readonly tenantFrom: TenantFrom;
  /** `[routing.jwt]`; null: no tokens are read. */
  readonly jwt: JwtConfig | null;
  readonly tenants: TenantsConfig;
  readonly plans: ReadonlyMap<string, Plan>;
  /** `[[notify]]` */
  readonly notify: readonly NotifyTarget[];
  /** `[telemetry]`; null: requests are not traced. */
  readonly telemetry: TelemetryConfig | null;
  /** `[backup]`; null: there are no backups. */
  readonly backup: BackupConfig | null;
  /** Remarks on an accepted config, one sentence each. */
  readonly warnings: readonly string[];
}

/** Finds a service. @throws {TenementError} `unknown_service` */
export function serviceNamed({ services }: Pick<Config, 'services'>, name: string): ServiceConfig {
  const service = services.get(name);
  if (service !== undefined) return service;
  throw new TenementError('unknown_service', `there is no service ${JSON.stringify(name)}`, {
    hint: `Services in the config: ${[...services.keys()].join(', ')}.`,
  });
}
