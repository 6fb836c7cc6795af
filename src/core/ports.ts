/**
 * The operating system as the supervisor sees it. Adapters implement these interfaces; nothing here touches the system.
 * Interfaces to what is kept on disk are in stores/.
 */
import type { InstanceName, ProcessIdentity, ProcessRecord } from './lifecycle/instance.ts';
import type { Limits } from './limits/limits.ts';
import type { WebAddress } from './routing/web-address.ts';
import type { SecretValues, SecretVersion } from './secrets/sealed-secret.ts';
import type { EffectiveService } from './service/effective-service.ts';
import type { OperatorCommand, PreparedCommand } from './service/operator-command.ts';
import type { ServiceConfig, SocketAccess, SocketPolicy } from './service/service.ts';
import type { Skeleton } from './tenants/skeleton.ts';

/** The time of day, and timers. */
export interface Clock {
  /** Ms since the epoch. */
  nowMs(): number;
  /**
   * Calls `run` once after `delayMs`; the returned function cancels it. A timer alone does not keep the process alive.
   */
  after(delayMs: number, run: () => void): () => void;
}

/** Address of an instance's process. */
export type Upstream = { readonly socketPath: string } | { readonly port: number };

/** Paths of one instance, all absolute. */
export interface InstancePaths {
  readonly tenantDir: string;
  /** Socket that clients connect to; null with `listen = "port"`. */
  readonly publicSocket: string | null;
  /** Socket that the child binds: `{socket}` and SOCKET_PATH. */
  readonly bindSocket: string;
}

export interface LaunchRequest {
  readonly instance: InstanceName;
  readonly service: EffectiveService;
  readonly tenantId: string;
  readonly paths: InstancePaths;
  readonly webAddress: WebAddress;
  /** The tenant's secrets, by name. */
  readonly secrets: readonly SecretVersion[];
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The kernel killed the process because of its memory limit. */
  readonly oom?: true;
}

export type ProbeResult =
  | { readonly ok: true }
  /** `isSilent`: there was no answer, which may also mean that the process is busy. */
  | { readonly ok: false; readonly detail: string; readonly isSilent?: true };

/** A running child, its group and all that it started. */
export interface LaunchedProcess {
  readonly identity: ProcessIdentity;
  /** Settles when the child itself was reaped; its descendants may live on until `terminate` is done. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Settles as soon as the child listens and answers its probe. Not ok when `signal` aborts or the child exits first.
   * On ok its socket is at the public path if the service's is `direct`.
   */
  waitReady(signal: AbortSignal): Promise<ProbeResult>;
  /** Probes liveness once, bounded by the health time-out. */
  probe(service: Pick<ServiceConfig, 'health' | 'healthHost' | 'healthTimeoutMs'>): Promise<ProbeResult>;
  /**
   * Applies another policy to its socket. One that is `proxied` is open to the server alone; what is connected stays.
   * Returns why that failed, or null.
   * @param serves whether it serves requests now, so that a `direct` socket belongs at the public path
   */
  expose(policy: SocketPolicy, serves: boolean): string | null;
  /** Whether anybody connected to its socket since the last call; the probes do not count. Nobody can if `proxied`. */
  wasConnected(): boolean;
  /**
   * Whether all connections to its socket, and to the activation sockets bound at `listeners`, are kept by a front
   * server for later requests, given that nothing has moved on them for `quietMs`. false when that is unknown.
   */
  isAtRest(quietMs: number, listeners: readonly string[]): Promise<boolean>;
  /** Returns how long the process and all that it started have run on a processor, in ms. */
  runTimeMs(): number;
  /** Freezes it with all that it started, then moves its memory to swap, as far as this host can. May be repeated. */
  suspend(limits: Limits): void;
  /** Resumes it, and puts a `direct` socket at the public path. Returns why that failed, or null. */
  resume(): string | null;
  /** Whether it was sent SIGKILL while frozen. It will end as soon as it is resumed. */
  isKilled(): boolean;
  /** Whether its connections have unread input. `closed` when that is unknown. */
  inboundState(): Promise<InboundState>;
  /**
   * Returns the kernel's counts, after its end the last ones; null where only tenement itself can measure (see
   * `UsageMeter`).
   */
  usage(): KernelUsage | null;
  /** Reading of the kernel's counter of its processor time before it was started, in seconds. */
  readonly cpuSecondsBefore: number;
  /**
   * Changes its limits while it runs. Returns why that failed, for example because it already uses more; otherwise
   * null.
   */
  limit(limits: Limits): string | null;
  /** What the last health check before it was ready found, such as `GET /health answered 503`; null: there was none. */
  readonly lastHealth: string | null;
  /** Address for requests; known once it is ready. */
  readonly upstream: Upstream;
  /**
   * Sends SIGTERM to the group, and after `graceMs` SIGKILL to the group and all that escaped it. Settles when nothing
   * of it is left, with its public and private sockets removed. May be called after `exited`, and repeated with a
   * shorter grace. `graceMs` 0: SIGKILL at once.
   */
  terminate(graceMs: number): Promise<void>;
  /** Returns at most `count` of the last lines it printed, oldest first. */
  lastLines(count: number): string[];
  /** Data that a later server needs to take the process back. */
  readonly record: ProcessRecord;
  /** Gives the process up: it lives on, and nobody reads its output. */
  release(): void;
}

/**
 * Connections to a socket: one has unread bytes (`unread`), a client may still send (`open`), or no client can
 * (`closed`).
 */
export type InboundState = 'unread' | 'open' | 'closed';

export type LaunchResult =
  | { readonly ok: true; readonly process: LaunchedProcess }
  | { readonly ok: false; readonly detail: string };

/** Starts processes, and takes back those of an earlier server. */
export interface Launcher {
  /**
   * Creates the tenant directory (0700), fills in the templates and starts the child. Expected failures (no such
   * command, unwritable directory) are returned, never thrown.
   * @param secrets values of the request's secrets; default: none
   */
  launch(request: LaunchRequest, secrets?: SecretValues): Promise<LaunchResult>;
  /** Takes back a process that an earlier server started. One that is gone by now exits at once. */
  adopt(request: LaunchRequest, record: ProcessRecord): LaunchedProcess;
  /** Prepares a command in the instance's environment. @throws {TenementError} `command_not_found`, `exec_failed` */
  prepareCommand(request: LaunchRequest, asked: OperatorCommand, secrets?: SecretValues): Promise<PreparedCommand>;
  /** Returns a fingerprint of everything that a process of this request is started with. */
  spec(request: LaunchRequest): string;
  /** Returns the paths of an instance. @throws {TenementError} `socket_path_too_long`, `bad_config` */
  paths(service: ServiceConfig, tenantId: string): InstancePaths;
}

/** What a host program does around the processes of instances. Neither rejects. */
export interface ProcessHooks {
  /** Returns why the process is not to be started; null: it may be. @param ending aborts when it is not wanted any more */
  beforeStart(instance: InstanceName, ending: AbortSignal): Promise<string | null>;
  /** Called when nothing is left of a process. @param ending aborts when that is not waited for */
  afterStop(instance: InstanceName, ending: AbortSignal): Promise<void>;
}

/** This machine under all instances. */
export interface ProcessHost {
  /** Called once, first. @throws {Error} when files or directories that starts need cannot be made */
  prepare(): Promise<void>;
  /** @throws {TenementError} `host_cannot` when this host cannot give what one of the services asks for */
  assertHostGives(services: Iterable<ServiceConfig>): void;
  /** Removes what `prepare` made. */
  close(): Promise<void>;
}

/** Processes that run, or ran, as the kernel and the file system know them. */
export interface ProcessTable {
  isAlive(identity: ProcessIdentity): boolean;
  /** Whether the public path leads to that process. */
  isPublished(record: Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>): boolean;
  /** Counts the connections to each socket, by bound path, with one look for all. */
  connections(): ReadonlyMap<string, number>;
  /** Finds processes that an earlier server started to bind one of these sockets. */
  strays(isOurs: (bindSocket: string) => boolean): Promise<(ProcessIdentity & { readonly bindSocket: string })[]>;
  /** Removes the secrets of processes that are gone. @param running the instances that have a process */
  sweepSecrets(running: readonly InstanceName[]): Promise<void>;
  /** Sends SIGKILL; settles when they are gone. */
  endStrays(strays: readonly ProcessIdentity[]): Promise<void>;
  /** Removes the sockets that an ended process has left and, of a known instance, the FIFOs. */
  forget(record: Pick<ProcessRecord, 'publicSocket' | 'bindSocket' | 'cgroup'>, instance: InstanceName | null): void;
}

export interface NewTenantDirectory {
  readonly tenantId: string;
  /** `user` of the tenant's services. */
  readonly user: ServiceConfig['user'];
  /** The files that the directory begins with; null: none. */
  readonly skeleton: Skeleton | null;
}

export interface TenantDirectories {
  /**
   * Makes a tenant's directory (0700), which appears at once with its owner; one that is there already is left as it is.
   * @returns the tenant's own user id; null: the server's user is the owner
   * @throws {TenementError} `bad_id`
   * @throws {Error} with a sentence for a person
   */
  create(directory: NewTenantDirectory): Promise<number | null>;
  /**
   * Deletes a tenant's directory and all in it, with what a restore has kept; never follows a link out of it.
   * @throws {TenementError} `bad_id`
   */
  delete(tenantId: string): Promise<void>;
  /** Name under which a directory waits that is to take the place of a tenant's. No tenant has such an id. */
  restoredName(tenantId: string): string;
  /** Returns the path of what a restore has kept; null: nothing. */
  keptBefore(tenantId: string): string | null;
  /**
   * Puts the waiting directory in the tenant's place, whose former directory is kept. None of the tenant's processes may
   * be left.
   * @returns the path of the former directory
   */
  swapIn(tenantId: string): string;
  /** Ends a swap that was interrupted, or deletes what waits if it had not begun. */
  settleRestore(tenantId: string): 'finished' | 'undone';
  /** Deletes what a restore has kept. @throws {TenementError} `purge_failed` */
  discardKept(tenantId: string): void;
}

/**
 * tenement's own listeners at public paths: of instances that are not ready, so that a connection there is always
 * accepted, and of all instances whose public socket is `proxied`.
 */
export interface ActivationSockets {
  /**
   * Listens at the instance's public socket. Replaces what is there in one step. Changes only who may connect when it is
   * open already. Does nothing when the instance has no public socket.
   * @param hasProcess whether the instance has a process, in whose open files this listener is counted
   */
  open(instance: InstanceName, paths: InstancePaths, access: SocketAccess, hasProcess: boolean): void;
  /** Accepts what is in the backlog, then closes: the instance's process has the public path now. */
  retire(instance: InstanceName): void;
  /**
   * Returns bound paths of retired sockets whose clients are still connected, joined to the process that serves now.
   */
  listeners(instance: InstanceName): readonly string[];
  /** Accepts what waits at `fd`, the listening socket of a process that has ended, then closes it. */
  inherit(instance: InstanceName, fd: number): void;
  /** Closes the instance's socket and removes its public path. */
  remove(instance: InstanceName): void;
  /** Returns instances whose public paths lead to their sockets, by the paths that these were bound to. */
  inPlace(): ReadonlyMap<string, InstanceName>;
  /** Stops listening for good, and leaves the public paths as they are: other descriptors keep the sockets open. */
  leave(): void;
  /**
   * Accepts what waits at a socket that an earlier server has left, until the public path leads elsewhere.
   * @param socket the path that it was bound to, and its descriptor, which is closed in the end
   */
  takeKept(instance: InstanceName, socket: { readonly path: string; readonly fd: number }): void;
  /** Closes all sockets. */
  close(): void;
}

export interface Usage {
  /** Memory of the whole process tree: resident, or what the kernel charges it with. */
  readonly memoryBytes: number;
  /** User and system time of the whole process tree, in seconds. */
  readonly cpuSeconds: number;
  /** null where it is not recorded. */
  readonly peakMemoryBytes: number | null;
}

export interface KernelUsage extends Usage {
  /** How many of its processes the kernel killed because of its memory limit. */
  readonly oomKills: number;
}

export interface UsageMeter {
  /** Measures each tree. Returns usages by the root's pid, without processes that are gone. */
  measure(pids: readonly number[]): Promise<Map<number, Usage>>;
}

export type StorageMeasurement =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly detail: string };

export interface StorageMeter {
  /**
   * Returns what a directory takes on its file system, each file counted once; 0 when it is missing. Call one at a
   * time.
   */
  measure(dir: string): Promise<StorageMeasurement>;
  /** Ends the meter; a measurement in progress fails. */
  close(): void;
}
