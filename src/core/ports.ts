/**
 * What the supervisor needs of the operating system. Adapters implement these interfaces; nothing here touches the
 * operating system. What is kept on disk is in stores/.
 */
import type { InstanceName, ProcessIdentity, ProcessRecord } from './lifecycle/instance.ts';
import type { Limits } from './limits/limits.ts';
import type { WebAddress } from './routing/web-address.ts';
import type { AskedCommand, PreparedCommand } from './service/operator-command.ts';
import type { ServiceConfig, SocketAccess } from './service/service.ts';

export interface Clock {
  /** Ms since the epoch. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels. Never keeps the process alive alone. */
  after(delayMs: number, run: () => void): () => void;
}

/** Where an instance's process is reached. */
export type Upstream = { readonly socketPath: string } | { readonly port: number };

/** Paths of one instance, all absolute. */
export interface InstancePaths {
  readonly tenantDir: string;
  /** What others connect to; null with `listen = "port"`. */
  readonly publicSocket: string | null;
  /** What the child binds: `{socket}` and SOCKET_PATH. */
  readonly bindSocket: string;
}

export interface LaunchRequest {
  readonly instance: InstanceName;
  readonly service: ServiceConfig;
  readonly tenantId: string;
  /** The tenant's own variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The service's, with the tenant's own over them. */
  readonly limits: Limits;
  readonly paths: InstancePaths;
  readonly webAddress: WebAddress;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The kernel killed because of its memory limit. */
  readonly oom?: true;
}

export type ProbeResult =
  | { readonly ok: true }
  /** `isSilent`: there was no answer, which a process that is busy does not give either. */
  | { readonly ok: false; readonly detail: string; readonly isSilent?: true };

/** A running child, its group and all that it started. */
export interface LaunchedProcess {
  readonly identity: ProcessIdentity;
  /** Settles when the child itself was reaped; its descendants may live on until `terminate` is done. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Settles as soon as the child listens and answers its probe: `ok`, or not ok when `signal` aborts
   * or the child exits first. On ok the public socket is in place.
   */
  waitReady(signal: AbortSignal): Promise<ProbeResult>;
  /** One liveness probe, bounded by the health timeout. */
  probe(service: Pick<ServiceConfig, 'health' | 'healthHost' | 'healthTimeoutMs'>): Promise<ProbeResult>;
  /** Whether somebody connected to its socket since the last time this was asked; the probes do not count. */
  wasConnected(): boolean;
  /**
   * Whether all connections to its socket, and to the activation sockets that were bound at `listeners`, are ones that a front
   * server keeps for later, given that nothing has moved on them for `quietMs`. Not known is no.
   */
  isAtRest(quietMs: number, listeners: readonly string[]): Promise<boolean>;
  /** How long it and all that it started have run on a processor, in ms. */
  runTimeMs(): number;
  /** Freezes it and all that it started, then pushes its memory out, as far as this host can. May be called again. */
  suspend(limits: Limits): void;
  /** Lets it go on, and puts its socket at the public path. Returns why that could not be done. */
  resume(): string | null;
  /** Whether it was sent SIGKILL while it is frozen, which it takes only when it goes on: it is as good as gone. */
  isKilled(): boolean;
  /** Whether something has come in for it on its connections that it has not read. Not known is `closed`. */
  inbox(): Promise<Inbox>;
  /** What the kernel counts of it; null where nobody but tenement itself can (see `UsageMeter`). */
  usage(): KernelUsage | null;
  /** Changes its caps while it runs. Returns why that could not be done: it uses more than it may from now on, say. */
  limit(limits: Limits): string | null;
  /** Where requests go; known once it is ready. */
  readonly upstream: Upstream;
  /**
   * SIGTERM to the group, after `graceMs` SIGKILL to the group and all that escaped it. Settles when
   * nothing of it is left; removes its public and private sockets. May be called after `exited`, and
   * again (a shorter grace then wins). `graceMs` 0: SIGKILL at once.
   */
  terminate(graceMs: number): Promise<void>;
  /** What it printed last, oldest first, at most `count` lines. */
  lastLines(count: number): string[];
  /** What a later server needs to take it back. */
  readonly record: ProcessRecord;
  /** Lets go of it: it lives on, nobody reads what it prints. */
  release(): void;
}

/** Of the connections to a socket: unread bytes on one of them, none but somebody may still send some, or nobody can. */
export type Inbox = 'unread' | 'open' | 'closed';

export type LaunchResult =
  | { readonly ok: true; readonly process: LaunchedProcess }
  | { readonly ok: false; readonly detail: string };

/** Starts processes, and takes back those of an earlier server. */
export interface Launcher {
  /**
   * Creates the tenant directory (0700), fills the templates in and starts the child.
   * Expected failures (no such command, unwritable directory) are returned, never thrown.
   */
  launch(request: LaunchRequest): Promise<LaunchResult>;
  /** Takes back a process that an earlier server started. One that is gone by now exits at once. */
  adopt(request: LaunchRequest, record: ProcessRecord): LaunchedProcess;
  /** @throws {TenementError} `command_not_found`, `exec_failed` */
  prepareCommand(request: LaunchRequest, asked: AskedCommand): Promise<PreparedCommand>;
  /** Fingerprint of all that a process of this request is started with. */
  spec(request: LaunchRequest): string;
  /** Paths of an instance. @throws {TenementError} `socket_path_too_long`, `bad_config` */
  paths(service: ServiceConfig, tenantId: string): InstancePaths;
}

/** This machine under all instances. */
export interface ProcessHost {
  /** Called once, before all else. @throws {Error} when what starts need cannot be made */
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
  /** How many connections there are to each socket, by the path that was bound. One look for all. */
  connections(): ReadonlyMap<string, number>;
  /** Processes that an earlier server started to bind one of these sockets. */
  strays(isOurs: (bindSocket: string) => boolean): Promise<(ProcessIdentity & { readonly bindSocket: string })[]>;
  /** SIGKILL; settles when they are gone. */
  endStrays(strays: readonly ProcessIdentity[]): Promise<void>;
  /** Removes the sockets that an ended process has left and, of a known instance, the FIFOs. */
  forget(record: Pick<ProcessRecord, 'publicSocket' | 'bindSocket' | 'cgroup'>, instance: InstanceName | null): void;
}

export interface TenantDirectories {
  /** Deletes a tenant's directory and all in it; never follows a link out of it. @throws {TenementError} `bad_id` */
  delete(tenantId: string): Promise<void>;
}

/** Listeners at the public paths of instances that are not ready, so that a connection there is always accepted. */
export interface ActivationSockets {
  /**
   * From now on a connection to the instance's public socket activates it. Replaces what lies there in one step. Does
   * nothing when it is open already, or when the instance has no public socket.
   */
  open(instance: InstanceName, paths: InstancePaths, access: SocketAccess): void;
  /** The instance's process has its public path now: accepts what is in the backlog, then closes. */
  retire(instance: InstanceName): void;
  /** The bound paths of retired sockets that still have clients, who are joined to the process that serves now. */
  listeners(instance: InstanceName): readonly string[];
  /** The instance's process has ended: accepts what waits at `fd`, the socket it listened on, then closes that. */
  inherit(instance: InstanceName, fd: number): void;
  /** Closes the instance's socket and removes its public path. */
  remove(instance: InstanceName): void;
  /** Closes all. */
  close(): void;
}

export interface Usage {
  /** Of the whole process tree: resident memory, or what the kernel charges it with. */
  readonly memoryBytes: number;
  /** User and system time of the whole process tree, in seconds. */
  readonly cpuSeconds: number;
  /** null where it is not kept. */
  readonly peakMemoryBytes: number | null;
}

export interface KernelUsage extends Usage {
  /** How often the kernel killed one of its processes because of its memory limit. */
  readonly oomKills: number;
}

export interface UsageMeter {
  /** Figures of each tree, by the root's pid; a process that is gone is left out. */
  measure(pids: readonly number[]): Promise<Map<number, Usage>>;
}

export type StorageMeasurement =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly detail: string };

export interface StorageMeter {
  /**
   * What a directory and all that is below it takes on its file system, each file once; 0 when it is not there. One at
   * a time.
   */
  measure(dir: string): Promise<StorageMeasurement>;
  /** What is being measured then fails. */
  close(): void;
}
