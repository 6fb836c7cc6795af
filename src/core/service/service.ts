/** A service as the rest of tenement sees it: checked, defaults filled in, times in milliseconds. */
import { TenementError } from '../../errors.ts';
import type { Limits } from '../limits/limits.ts';

export interface ServiceConfig extends Limits {
  readonly name: string;
  /** Words of the command; templates not yet filled in. Never empty. */
  readonly command: readonly string[];
  /** Absolute; templates not yet filled in. */
  readonly workdir: string;
  /** Template of the public socket's absolute path. */
  readonly socket: string;
  /** For example 0o660. */
  readonly socketMode: number;
  /** Its group's id; null: whatever it is made with. */
  readonly socketGroup: number | null;
  readonly listen: 'socket' | 'port';
  /** Path of the readiness and liveness probe, or null: accepting a connection is healthy. */
  readonly health: string | null;
  /** `Host` of the probes; templates not yet filled in. */
  readonly healthHost: string;
  readonly healthTimeoutMs: number;
  readonly restart: 'on-failure' | 'always' | 'never';
  /** 0: never sleeps. */
  readonly idleTimeoutMs: number;
  /** What becomes of an idle one: its process ends, or is frozen. */
  readonly idleAction: 'stop' | 'suspend';
  /** How long it stays frozen before its process ends; 0: for ever. */
  readonly suspendTimeoutMs: number;
  readonly startupTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** How long a restart, stop or sleep waits for requests in flight before SIGTERM. */
  readonly drainTimeoutMs: number;
  /** To the response's first byte; 0: none. */
  readonly requestTimeoutMs: number;
  /** Requests held per instance while it wakes. */
  readonly wakeQueue: number;
  /** Whether a GET, HEAD or OPTIONS without a body whose process broke off is sent again. */
  readonly retry: boolean;
  readonly isolation: 'process' | 'namespace' | 'sandbox';
  /** `none`: nothing but its socket. */
  readonly network: 'host' | 'none';
  /** `dynamic`: a user id of its own for each tenant; `root`: the server's, which has to be root; null: the server's. */
  readonly user: 'dynamic' | 'root' | null;
  /** At `namespace`: the only paths of the host that it sees, templates not yet filled in; null: all but what is others'. */
  readonly readOnlyPaths: readonly string[] | null;
  /** Of the host, to write in; templates not yet filled in. */
  readonly readWritePaths: readonly string[];
  /** Sockets of the host to connect to, or directories of such; templates not yet filled in. */
  readonly sockets: readonly string[];
  /** Of each directory that a tenant has in memory; null: by its memory limit. */
  readonly tmpLimitBytes: number | null;
  /** What comes of an instance that is over its storage limit. */
  readonly storageAction: 'warn' | 'stop';
  /** Of an instance's log files together. */
  readonly logLimitBytes: number;
  readonly inheritEnv: readonly string[];
  /** Templates not yet filled in. */
  readonly env: Readonly<Record<string, string>>;
}

/** Who may connect to a socket. */
export type SocketAccess = Pick<ServiceConfig, 'socketMode' | 'socketGroup'>;

export interface Settings {
  /** Absolute. */
  readonly dataDir: string;
  /** `{dataDir}/.tenement` */
  readonly stateDir: string;
  /** Absolute. */
  readonly runtimeDir: string;
  /** `own`: a server's to which the default, another server's, was not given. */
  readonly runtimeDirSource: 'config' | 'default' | 'own';
  readonly healthCheckIntervalMs: number;
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  readonly maxRunning: number;
  readonly maxConcurrentStarts: number;
  /** Memory of the machine that is kept available by ending instances that nobody uses; 0: none. */
  readonly memoryReserveBytes: number;
  readonly onExit: 'stop' | 'keep';
  /** First and last user id for `user = "dynamic"`. */
  readonly dynamicUids: readonly [first: number, last: number];
  /** Absolute path of a delegated cgroup; null: found from the server's own. */
  readonly cgroupRoot: string | null;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ProxyConfig {
  readonly listen: ListenAddress;
  /** Lower case, no trailing dot; `*` matches any. */
  readonly domains: readonly string[];
  readonly defaultService: string | null;
  /** IP addresses or CIDR ranges. */
  readonly trustedProxies: readonly string[];
  readonly limits: ProxyLimits;
  /** Processes that share the port; 1: the server itself. */
  readonly workers: number;
}

/** What clients may take of the proxy. */
export interface ProxyLimits {
  /** Connections of clients, of each process that takes them; 0: as the limit of open files allows. */
  readonly maxConnections: number;
  /** Of them, from one address; 0: a part of `maxConnections`. */
  readonly maxConnectionsPerClient: number;
  /** Sockets that listen on its port. */
  readonly listeners: number;
  /** Of a request line and its headers together. */
  readonly maxHeaderBytes: number;
  /** Until they are whole. */
  readonly headerTimeoutMs: number;
  /** Between two requests on a connection. */
  readonly keepAliveTimeoutMs: number;
  /** Without a byte of a body sent by the client or taken by it. */
  readonly bodyIdleTimeoutMs: number;
}

export const DEFAULT_PROXY_LIMITS: ProxyLimits = {
  maxConnections: 0,
  maxConnectionsPerClient: 0,
  listeners: 64,
  maxHeaderBytes: 16 * 1024,
  headerTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  bodyIdleTimeoutMs: 60_000,
};

export interface ApiConfig {
  readonly listen: ListenAddress;
  readonly auth: 'token' | 'none';
}

/** One of `[instances]`: registered with the server. */
export interface ListedInstance {
  readonly service: string;
  readonly tenantId: string;
  /** Whether it is also started. */
  readonly start: boolean;
}

export interface Config {
  /** Absolute path of the file. */
  readonly file: string;
  readonly settings: Settings;
  readonly proxy: ProxyConfig;
  readonly api: ApiConfig;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** `[instances]` */
  readonly instances: readonly ListedInstance[];
  /** `[routing.aliases]`: leading label → tenant id. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Accepted, but worth telling: one sentence each. */
  readonly warnings: readonly string[];
}

/** @throws {TenementError} `unknown_service` */
export function serviceNamed({ services }: Pick<Config, 'services'>, name: string): ServiceConfig {
  const service = services.get(name);
  if (service !== undefined) return service;
  throw new TenementError('unknown_service', `there is no service ${JSON.stringify(name)}`, {
    hint: `Services in the config: ${[...services.keys()].join(', ')}.`,
  });
}
