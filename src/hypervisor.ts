/** The library: everything that `serve` does, without listening. */
import type { Parts } from './compose.ts';
import { assertCloseOptions, assertHandlerOptions } from './core/input/library/library-input.ts';
import { type InstanceName, namedInstance } from './core/lifecycle/instance.ts';
import type { LogFilter, LogLine } from './core/stores/log-store.ts';
import type { UsageInput, UsagePage } from './core/usage/usage-query.ts';
import type { TokenAdmin } from './core/verbs/token-verbs.ts';
import type { DrainOptions } from './core/verbs/verbs.ts';
import { TenementError } from './errors.ts';
import { callsLoggedBy } from './library/calls.ts';
import { closeAll } from './library/closing.ts';
import { type ConfigView, configViewOf } from './library/config-view.ts';
import type { Followers } from './library/follower.ts';
import type {
  Instance,
  InstanceFilter,
  InstanceUpdate,
  RemoveOptions,
  RestartOptions,
  SpawnInstanceOptions,
  StartOptions,
} from './library/instance.ts';
import { openHandler } from './library/open-handler.ts';
import { type Admission, OpenLeases } from './library/open-leases.ts';
import { openFile, openTemporary } from './library/opening.ts';
import type { CloseOptions, HypervisorOptions, TemporaryConfig, TemporaryOptions } from './library/options.ts';
import { type Archives, libraryArchives } from './library/verbs/archives.ts';
import { type Backups, libraryBackups } from './library/verbs/backups.ts';
import { type Domains, libraryDomains } from './library/verbs/domains.ts';
import { type Events, libraryEvents } from './library/verbs/events.ts';
import { Instances } from './library/verbs/instances.ts';
import { type FollowLogFilter, libraryLogs } from './library/verbs/logs.ts';
import { libraryNotifications, type Notifications } from './library/verbs/notifications.ts';
import { librarySecrets, type Secrets } from './library/verbs/secrets.ts';
import { libraryTenants, type Tenants } from './library/verbs/tenants.ts';
import { libraryTokens } from './library/verbs/tokens.ts';
import type { Handler, HandlerOptions, OpenHandler } from './proxy/handler.ts';

let make: (parts: Parts, afterwards?: () => Promise<void>) => Hypervisor;

/**
 * Runs one process of a service for each tenant, without a server of its own. Each verb settles when it is done, and
 * throws `unknown_tenant` for an instance that is not registered, `bad_id` for an invalid name, and `closed` after
 * `close`.
 */
export class Hypervisor implements AsyncDisposable {
  readonly #open: Parts;
  readonly #afterwards: () => Promise<void>;
  readonly #call;
  readonly #instances: Instances;
  readonly #leases = new OpenLeases();
  readonly #handlers: OpenHandler[] = [];
  readonly #followers: Followers = new Set();
  #closing: Promise<void> | null = null;

  static {
    make = (parts, afterwards = async () => {}) => new Hypervisor(parts, afterwards);
  }

  private constructor(parts: Parts, afterwards: () => Promise<void>) {
    this.#open = parts;
    this.#afterwards = afterwards;
    this.#call = callsLoggedBy(parts.logger);
    this.#instances = new Instances(() => this.#parts.supervisor, this.#call);
  }

  /**
   * Loads a config, takes its state directory and starts the instances that `[instances]` names.
   * @throws {TenementError} `bad_input`, `config_not_found`, `bad_config`, `already_running`, `sockets_taken`,
   * `host_cannot`, `state_failed`
   */
  static async load(file: string, options: HypervisorOptions = {}): Promise<Hypervisor> {
    return make(await openFile(file, options));
  }

  /**
   * Loads a config for a test: data and sockets are in a temporary directory, whatever the config says, and `close`
   * deletes it. Hooks, receivers of notifications and the repository of backups are those of the config.
   * @throws {TenementError} as `load`
   */
  static async temporary(config: TemporaryConfig, options: TemporaryOptions = {}): Promise<Hypervisor> {
    const { parts, remove } = await openTemporary(config, options);
    return make(parts, remove);
  }

  /** The parts, for calls that need an open hypervisor. @throws {TenementError} `closed` */
  get #parts(): Parts {
    if (this.#closing === null) return this.#open;
    throw new TenementError('closed', 'this hypervisor is closed');
  }

  /** The config that is served now. */
  get config(): ConfigView {
    return configViewOf(this.#open.served.current);
  }

  /**
   * Reads the config file again and applies it: new services are served, changed ones restart one by one without a
   * failed request, removed ones drain and end. Returns a sentence for each change.
   * @throws {TenementError} `config_not_found`, `bad_config`, `socket_path_too_long`, `sockets_taken`; nothing has
   * changed then
   */
  reload(): string[] {
    return this.#parts.reload();
  }

  /**
   * Registers and starts an instance, and waits until it is ready or its start has failed. A repetition changes nothing.
   * @throws {TenementError} `bad_id`, `bad_input`, `unknown_service`, `already_registered`, `plan_limit`; `start_failed`
   * with `orThrow`
   */
  spawn(service: string, tenantId: string, options: SpawnInstanceOptions = {}): Promise<Instance> {
    return this.#instances.spawn(service, tenantId, options);
  }

  /** Starts an instance, and waits as `spawn` does. @throws {TenementError} `bad_input`; `start_failed` with `orThrow` */
  start(instance: string, options: StartOptions = {}): Promise<Instance> {
    return this.#instances.start(instance, options);
  }

  /** Stops an instance, so that no request wakes it. @throws {TenementError} `bad_input` */
  stop(instance: string, options: DrainOptions = {}): Promise<Instance> {
    return this.#instances.stop(instance, options);
  }

  /**
   * Replaces the process of an instance without a failed request, and waits as `spawn` does.
   * @throws {TenementError} `bad_input`; `start_failed` with `orThrow`
   */
  restart(instance: string, options: RestartOptions = {}): Promise<Instance> {
    return this.#instances.restart(instance, options);
  }

  /** Does what the idle timeout does: the next request wakes the instance. @throws {TenementError} `bad_input` */
  sleep(instance: string, options: DrainOptions = {}): Promise<Instance> {
    return this.#instances.sleep(instance, options);
  }

  /**
   * Changes variables and limits of an instance, and the plan of its tenant. Limits change under the running process where
   * the kernel allows it, all else by a restart that fails no request. The plan, which all instances of the tenant have,
   * is changed first.
   * @throws {TenementError} `bad_input`, `unknown_plan`, `host_cannot`
   */
  update(instance: string, changes: InstanceUpdate): Promise<Instance> {
    return this.#instances.update(instance, changes);
  }

  /**
   * Unregisters an instance; with `purge` it also deletes the tenant's directory, if no other service of the tenant is
   * left.
   * @throws {TenementError} `bad_input`, `purge_failed`
   */
  remove(instance: string, options: RemoveOptions = {}): Promise<void> {
    return this.#instances.remove(instance, options);
  }

  /** Tenants as a whole: their plans, dates, labels and variables. See docs/tenants.md. */
  get tenants(): Tenants {
    return libraryTenants(this.#parts.supervisor.tenants, this.#call);
  }

  /** Secrets of tenants. See docs/secrets.md. */
  get secrets(): Secrets {
    return librarySecrets(this.#parts.supervisor.secrets, this.#call);
  }

  /** Domains of tenants' own. See docs/domains.md. */
  get domains(): Domains {
    return libraryDomains(this.#parts.supervisor.domains, this.#call);
  }

  /** Archives of tenants, and tenants made of them. See docs/archives.md. */
  get archives(): Archives {
    return libraryArchives(this.#parts.supervisor.tenants, this.#call);
  }

  /** Backups of tenants. See docs/backups.md. */
  get backups(): Backups {
    return libraryBackups(this.#parts.backups, () => this.#open.clock.nowMs(), this.#call);
  }

  /** Receivers of notifications. See docs/notifications.md. */
  get notifications(): Notifications {
    return libraryNotifications(this.#parts.notify, this.#call);
  }

  /** Tokens for callers of the HTTP API. See docs/tokens.md. */
  get tokens(): TokenAdmin {
    return libraryTokens(this.#parts.tokens, this.#call);
  }

  /** Past and future events. */
  get events(): Events {
    const { events, logger } = this.#parts;
    return libraryEvents({ events, logger, followers: this.#followers });
  }

  /** Returns an instance as it is now. */
  getInstance(instance: string): Instance {
    return this.#instances.get(instance);
  }

  /** Lists instances by name: all, or those that match. @throws {TenementError} `bad_input` */
  list(filter: InstanceFilter = {}): Instance[] {
    return this.#instances.list(filter);
  }

  /** How many instances are registered and served. */
  get instanceCount(): number {
    return this.#open.supervisor.size;
  }

  /** How many instances have a process. */
  get awakeCount(): number {
    return this.#open.supervisor.awake;
  }

  /** Returns the instance that a host leads to, as the config's proxy finds it; null: none. */
  instanceOfHost(host: string): InstanceName | null {
    return this.#parts.instanceOf(host);
  }

  /**
   * For a reverse proxy of your own: wakes the instance if need be, and counts the request until `release` is called on
   * the result. A refusal has a `refused` code instead. An instance waits for its leases before it sleeps, restarts or
   * stops, for at most `drain_timeout`.
   * @param signal aborts when the client leaves
   * @param client the client's address, so that at `max_running` no visitor takes another's place; null: unknown
   */
  claim(instance: string, signal: AbortSignal, client: string | null = null): Admission | Promise<Admission> {
    const claim = this.#parts.supervisor.claim(namedInstance(instance), signal, undefined, { client });
    return this.#leases.note(claim, client);
  }

  /**
   * Returns the proxy for the caller's own server of `node:http` or `node:https`: functions for its requests and
   * upgrades, created once. They answer, hold, repeat and refuse requests as the proxy of `serve` does.
   * @throws {TenementError} `bad_input`
   */
  handler(options: HandlerOptions = {}): Handler {
    assertHandlerOptions(options);
    const handler = openHandler(this.#parts, () => this.#closing !== null, options);
    this.#handlers.push(handler);
    return { request: handler.request, upgrade: handler.upgrade };
  }

  /** Returns lines of an instance's output, oldest first. @throws {TenementError} `bad_input` */
  logs(instance: string, filter?: LogFilter): Promise<LogLine[]>;
  /**
   * Iterates over lines of an instance's output, and goes on with later ones. Ends with the loop, with `signal`, when the
   * instance is unregistered, and when the hypervisor is closed. About 4 MB of lines may wait to be read; when there are
   * more, they are dropped and the iteration ends with `reader_too_slow`: go on with `sinceMs`.
   * @throws {TenementError} `bad_input`
   */
  logs(instance: string, filter: FollowLogFilter): AsyncIterableIterator<LogLine>;
  logs(instance: string, filter: LogFilter | FollowLogFilter = {}) {
    return libraryLogs({ parts: this.#parts, followers: this.#followers, call: this.#call }, instance, filter);
  }

  /**
   * Returns what tenants have used, one page at a time: rows by tenant and then by hour, day or month in UTC.
   * @throws {TenementError} `bad_input`, `bad_id`, `state_failed`
   */
  usage(query: UsageInput = {}): Promise<UsagePage> {
    return this.#call(() => this.#parts.usage.page(query));
  }

  /**
   * Ends every process and releases the state directory. Requests and leases of `claim()` are waited for, at most for
   * the `drain_timeout` of their service; leases that are still open are logged. A repeated call settles with the first.
   * @throws {TenementError} `bad_input`; nothing has changed then
   */
  close(options: CloseOptions = {}): Promise<void> {
    assertCloseOptions(options);
    this.#closing ??= this.#end(options);
    return this.#closing;
  }

  /** Closes it at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(options: CloseOptions): Promise<void> {
    const [parts, handlers, leases, followers] = [this.#open, this.#handlers, this.#leases, this.#followers];
    await closeAll({ parts, handlers, leases, followers }, options);
    await this.#afterwards();
  }
}

/** Returns the same hypervisor as `Hypervisor.load`, for a program that opens the parts itself. */
export function hypervisorOver(parts: Parts): Hypervisor {
  return make(parts);
}
