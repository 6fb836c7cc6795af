/** What the API and the library see of the supervisor: the public verbs, and an instance as they show it. */
import type { InstanceName, LastExit, State } from '../lifecycle/instance.ts';
import type { LimitsInput, LimitsView } from '../limits/limits.ts';

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
  readonly peakMemoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  /** Those that hold for it: its service's, and its own over them. */
  readonly limits: LimitsView;
  /** What its tenant directory takes on disk; null without a storage limit, or before it was measured. */
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: string | null;
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
  /** When it rests if nothing more happens, or, suspended, when its process ends; null when it will not. */
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
  /** Its own, over the service's. */
  readonly limits?: LimitsInput | undefined;
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
