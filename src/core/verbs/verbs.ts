/** The public verbs on one instance, and its view. */

import type { Changes } from '../input/changed-names.ts';
import type { PageQuery } from '../input/page.ts';
import type { InstanceName, LastExit, State } from '../lifecycle/instance.ts';
import type { LimitName } from '../limits/limit-table.ts';
import type { LimitsInput, LimitsView } from '../limits/limits.ts';
import type { OperatorCommand, PreparedCommand } from '../service/operator-command.ts';

/** An instance in JSON (docs/http.md); unknown values are null. Times are ISO 8601. */
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
  /** Effective limits: its service's, overridden by its own. */
  readonly limits: LimitsView;
  /** Size of its tenant directory on disk; null without a storage limit, or before the first measurement. */
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
  /** Open direct connections to its socket. */
  readonly openConnections: number;
  /** When it sleeps if nothing more happens, or, while suspended, when its process ends; null: never. */
  readonly sleepsAt: string | null;
  /** When the restart of `backoff` or the next try of `failed` is due. */
  readonly retryAt: string | null;
  /** One sentence on why it is in this state. */
  readonly reason: string;
  readonly lastExit:
    | (Pick<LastExit, 'code' | 'signal' | 'reason' | 'detail' | 'lastLines'> & { readonly at: string })
    | null;
}

/** What a new instance is to be. */
export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its own limits, which override the service's. */
  readonly limits?: LimitsInput | undefined;
  /** false: only register. Default: true. */
  readonly start?: boolean | undefined;
  /** false: do not wait until it is ready or its start has failed. Default: true. */
  readonly wait?: boolean | undefined;
}

/** Changes of what is one instance's own; null: the value of its service, plan or tenant holds again. */
export interface InstanceChanges {
  readonly env?: Changes<string> | undefined;
  readonly limits?: { readonly [Name in LimitName]?: number | null | undefined } | undefined;
}

/** How long one call waits for open requests. */
export interface DrainOptions {
  /**
   * How long the process may finish its open requests before it gets SIGTERM, in ms; 0: not at all. Default: the
   * `drain_timeout` of its service.
   */
  readonly drainTimeoutMs?: number | undefined;
}

/** The public verbs of one actor. Each settles when it is done, and throws `unknown_tenant` for an unknown instance. */
export interface SupervisorVerbs {
  /** Registers and starts an instance. `created` is false when it was registered before. */
  spawn(service: string, tenantId: string, options?: SpawnOptions): Promise<{ view: InstanceView; created: boolean }>;
  start(instance: InstanceName, options?: { wait?: boolean | undefined }): Promise<InstanceView>;
  stop(instance: InstanceName, options?: DrainOptions): Promise<InstanceView>;
  restart(instance: InstanceName, options?: DrainOptions): Promise<InstanceView>;
  sleep(instance: InstanceName, options?: DrainOptions): Promise<InstanceView>;
  /**
   * Changes what is its own: limits under the running process where the kernel allows it, all else with a restart that
   * fails no request. @throws {TenementError} `bad_input`, `host_cannot`
   */
  set(instance: InstanceName, changes: InstanceChanges): Promise<InstanceView>;
  remove(instance: InstanceName, options?: DrainOptions & { purge?: boolean | undefined }): Promise<void>;
  /** Prepares a command in an instance's environment. Wakes nothing. */
  prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand>;
}

/** Which instances to list. */
export interface InstanceQuery extends PageQuery<InstanceName> {
  /** Default: every instance is seen. */
  readonly isSeen?: ((instance: InstanceName) => boolean) | undefined;
}

export interface InstancePage {
  readonly instances: readonly InstanceView[];
  /** What `after` must be for the next page; null: this is the last one. */
  readonly next: InstanceName | null;
}
