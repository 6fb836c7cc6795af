/**
 * The interfaces that the supervisor needs from the outside, and those that it offers to `proxy` and
 * `api`. Adapters implement them; nothing here touches the operating system.
 */
import type { ErrorCode } from '../errors.ts';
import type { InstanceName, InstanceRecord, LastExit, ProcessIdentity, ProcessRecord, State } from './instance.ts';
import type { ServiceConfig, SocketAccess } from './service.ts';

// ---- What the supervisor needs -------------------------------------------------------------

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
  readonly paths: InstancePaths;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly detail: string };

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
  probe(service: Pick<ServiceConfig, 'health' | 'healthTimeoutMs'>): Promise<ProbeResult>;
  /** Whether somebody connected to its socket since the last time this was asked; the probes do not count. */
  wasConnected(): boolean;
  /** How long it and all that it started have run on a processor, in ms. */
  runTimeMs(): number;
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

export type LaunchResult =
  | { readonly ok: true; readonly process: LaunchedProcess }
  | { readonly ok: false; readonly detail: string };

export interface Launcher {
  /** Called once, before all else. @throws {Error} when what starts need cannot be made */
  prepare(): Promise<void>;
  /** Removes what `prepare` made. */
  close(): Promise<void>;
  /**
   * Creates the tenant directory (0700), fills the templates in and starts the child.
   * Expected failures (no such command, unwritable directory) are returned, never thrown.
   */
  launch(request: LaunchRequest): Promise<LaunchResult>;
  /** Fingerprint of all that a process of this request is started with. */
  spec(request: LaunchRequest): string;
  /** Paths of an instance. @throws {TenementError} `socket_path_too_long`, `bad_config` */
  paths(service: ServiceConfig, tenantId: string): InstancePaths;
  /** Whether that process still runs. */
  isAlive(identity: ProcessIdentity): boolean;
  /** Whether its public path leads to that process. */
  isPublished(record: Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>): boolean;
  /** Takes back a process that an earlier server started. It may be gone by now: then it exits at once. */
  adopt(request: LaunchRequest, record: ProcessRecord): LaunchedProcess;
  /** How many connections there are to each socket, by the path that was bound. One look for all. */
  connections(): ReadonlyMap<string, number>;
  /** Processes that an earlier server started to bind one of these sockets. */
  strays(isOurs: (bindSocket: string) => boolean): (ProcessIdentity & { readonly bindSocket: string })[];
  /** SIGKILL; settles when it is gone. */
  endStray(identity: ProcessIdentity): Promise<void>;
  /** Removes the sockets that a process which is gone has left. */
  forget(record: Pick<ProcessRecord, 'publicSocket' | 'bindSocket'>): void;
  /** Deletes a tenant's directory and all in it; never follows a link out of it. */
  deleteTenantDir(tenantId: string): Promise<void>;
}

/** Listens at the public paths of those that are not ready, so that somebody always answers there. */
export interface Doorbells {
  /**
   * From now on whoever connects to the instance's public socket rings. Takes the place of what lies there in one
   * step; does nothing where it hangs already, or where there is no public socket.
   */
  hang(instance: InstanceName, paths: InstancePaths, access: SocketAccess): void;
  /** Its process has taken its place: takes in who rang before, then ends. */
  retire(instance: InstanceName): void;
  /** Ends it, and removes it from the public path. */
  takeDown(instance: InstanceName): void;
  /** Takes all of them down. */
  close(): void;
}

export interface Usage {
  /** Resident memory of the whole process tree. */
  readonly memoryBytes: number;
  /** User and system time of the whole process tree, in seconds. */
  readonly cpuSeconds: number;
}

export interface UsageMeter {
  /** Figures of each tree, by the root's pid; a process that is gone is left out. */
  measure(pids: readonly number[]): Promise<Map<number, Usage>>;
}

export interface Registry {
  list(): InstanceRecord[];
  /** Inserts or replaces all of them or none. @throws when they cannot be written */
  saveAll(records: readonly InstanceRecord[]): void;
  /** Inserts or replaces. `durable`: on disk when it returns; else after a crash of tenement, not of the machine. @throws when it cannot be written */
  save(record: InstanceRecord, durable: boolean): void;
  remove(service: string, tenantId: string): void;
}

export interface TenementEvent {
  /** Grows by one with each event, across restarts. */
  readonly seq: number;
  readonly atMs: number;
  /** spawned, started, ready, woke, slept, stopped, crashed, oom-killed, failed, restarted, removed… */
  readonly type: string;
  readonly instance: InstanceName | null;
  /** One sentence for a person. */
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventLog {
  append(event: Omit<TenementEvent, 'seq'>): TenementEvent;
  /** The newest `tail` events with `seq` over `afterSeq` and at or after `sinceMs`, oldest first. */
  list(filter: { tail?: number; afterSeq?: number; sinceMs?: number; instance?: InstanceName }): TenementEvent[];
  /** Calls `listener` for each event appended from now on; the returned function ends it. */
  subscribe(listener: (event: TenementEvent) => void): () => void;
}

export interface LogLine {
  readonly atMs: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export interface LogFilter {
  readonly tail?: number | undefined;
  readonly sinceMs?: number | undefined;
  /** Only lines that contain this text. */
  readonly grep?: string | undefined;
  readonly stream?: 'stdout' | 'stderr' | undefined;
}

/** What instances printed, in bounded files. */
export interface LogStore {
  read(instance: InstanceName, filter: LogFilter): Promise<LogLine[]>;
  subscribe(instance: InstanceName, listener: (line: LogLine) => void): () => void;
  remove(instance: InstanceName): Promise<void>;
}

export interface TokenInfo {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

export interface TokenStore {
  /** Makes a token; the text is shown this once, only its hash is kept. */
  create(name: string): TokenInfo & { readonly token: string };
  list(): TokenInfo[];
  /** false when there is none. */
  revoke(id: string): boolean;
  /** Constant-time in the token's text. */
  verify(token: string): boolean;
}

// ---- What the supervisor offers ------------------------------------------------------------

/** A request's hold on an upstream: it is counted from the moment the claim is granted. */
export interface Lease {
  readonly instance: InstanceName;
  readonly tenantId: string;
  readonly upstream: Upstream;
  /** Differs with each process, so that connections are never reused for another: pool key. */
  readonly generation: number;
  /** How long the request was held for a wake, or null when it was not. */
  readonly heldMs: number | null;
  readonly requestTimeoutMs: number;
  /** From now on it is an open stream (WebSocket, server-sent events): keeps awake, but a drain does not wait for it. */
  becomeStream(): void;
  /** The request is over. Calling it again does nothing. */
  release(): void;
}

/** What a lease is on. */
export type LeaseTarget = Pick<Lease, 'instance' | 'tenantId' | 'upstream' | 'generation' | 'requestTimeoutMs'>;

/** What a worker has open on one process, and has claimed of it in all. */
export interface GrantCounts {
  readonly requests: number;
  readonly streams: number;
  readonly total: number;
}

/** Leave to claim an instance's process without asking, until it is retired. Whoever has it reports what it counts. */
export interface Grant {
  /** As it is now: a reload may change it. */
  readonly target: LeaseTarget;
  report(counts: GrantCounts): void;
  /** After it was retired: nothing more is claimed, and this is what is open. A drain waits for it. */
  confirm(counts: GrantCounts): void;
  /** Whoever had it is gone, and all that it had open. */
  lost(): void;
}

export interface Refusal {
  readonly refused: ErrorCode;
  /** Seconds for `Retry-After`, or null. */
  readonly retryAfterS: number | null;
}

export type Claim = Lease | Refusal;

/** What the proxy sees of the supervisor. */
export interface UpstreamSource {
  /** Whether this instance is registered. */
  has(instance: InstanceName): boolean;
  /**
   * Claims the instance for one request and counts it in flight in the same step. At once when it is
   * ready or refuses; else a promise, which `signal` (the client left) makes a refusal.
   */
  claim(instance: InstanceName, signal: AbortSignal): Claim | Promise<Claim>;
  /** The proxy has opened or closed a connection to that process. */
  countConnection(generation: number, change: 1 | -1): void;
  /** Calls `listener` when a generation will get no further request and its idle connections can be closed. */
  onRetired(listener: (generation: number) => void): void;
}

/** What a proxy in another process needs besides, to count for itself. */
export interface GrantSource extends UpstreamSource {
  /** All that are registered. */
  names(): Iterable<InstanceName>;
  /** Calls `listener` for each that is registered (true) or no longer so (false) from now on. */
  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void;
  /** null unless it is ready. */
  grant(instance: InstanceName): Grant | null;
}

/** An instance as JSON shows it (contract.md §5); what is not known is null. Times are ISO 8601. */
export interface InstanceView {
  readonly instance: InstanceName;
  readonly service: string;
  readonly id: string;
  readonly state: State;
  readonly desired: 'up' | 'asleep' | 'stopped';
  readonly pid: number | null;
  /** The public socket, or null with `listen = "port"`. */
  readonly socket: string | null;
  readonly port: number | null;
  readonly url: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly lastActivityAt: string | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly cpuSeconds: number | null;
  readonly restarts: number;
  readonly wakes: number;
  readonly lastWakeMs: number | null;
  readonly requests: number;
  readonly inFlight: number;
  /** Open WebSockets and event streams. */
  readonly openStreams: number;
  /** Open connections straight to its socket. */
  readonly openConnections: number;
  /** When it goes to sleep if nothing more happens; null when it will not. */
  readonly sleepsAt: string | null;
  /** When the scheduled restart of `backoff` or the next try of `failed` comes. */
  readonly retryAt: string | null;
  /** One sentence: why it is in this state. */
  readonly reason: string;
  readonly lastExit:
    | (Pick<LastExit, 'code' | 'signal' | 'reason' | 'detail' | 'lastLines'> & { readonly at: string })
    | null;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** false: only register. Default true. */
  readonly start?: boolean | undefined;
  /** false: do not wait until it is ready or the start has failed. Default true. */
  readonly wait?: boolean | undefined;
}

/** The public verbs. Each settles when it is done; unknown instances throw `unknown_tenant`. */
export interface SupervisorVerbs {
  /** Registers and starts. `created` is false when it was registered before. */
  spawn(service: string, tenantId: string, options?: SpawnOptions): Promise<{ view: InstanceView; created: boolean }>;
  start(instance: InstanceName, options?: { wait?: boolean | undefined }): Promise<InstanceView>;
  stop(instance: InstanceName): Promise<InstanceView>;
  restart(instance: InstanceName): Promise<InstanceView>;
  sleep(instance: InstanceName): Promise<InstanceView>;
  remove(instance: InstanceName, options?: { purge?: boolean | undefined }): Promise<void>;
  /** @throws {TenementError} `unknown_tenant` */
  get(instance: InstanceName): InstanceView;
  list(): InstanceView[];
}
