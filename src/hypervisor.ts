/** The library: everything that `serve` does, without listening. */
import { resolve } from 'node:path';
import { openParts, type Parts } from './compose.ts';
import { LIBRARY } from './core/access/actor.ts';
import type { Admission } from './core/admission/serving.ts';
import {
  assertCloseOptions,
  assertEventType,
  assertHandlerOptions,
  assertLoadInput,
  assertRemoveOptions,
} from './core/input/library-input.ts';
import { assertSpawnOptions } from './core/input/spawn-input.ts';
import { namedInstance } from './core/lifecycle/instance.ts';
import { proxyLimits } from './core/limits/descriptors.ts';
import type { Config } from './core/service/service.ts';
import type { EventFilter, TenementEvent } from './core/stores/event-log.ts';
import type { LogFilter, LogLine } from './core/stores/log-store.ts';
import type { UsageInput, UsagePage } from './core/usage/usage-query.ts';
import type { TokenAdmin } from './core/verbs/token-verbs.ts';
import type { InstanceView, SpawnOptions, SupervisorVerbs } from './core/verbs/verbs.ts';
import { TenementError } from './errors.ts';
import { type Domains, libraryDomains } from './library/domains.ts';
import { OpenLeases } from './library/open-leases.ts';
import { librarySecrets, type Secrets } from './library/secrets.ts';
import { libraryTenants, type Tenants } from './library/tenants.ts';
import { type Logger, silentLogger } from './logger.ts';
import { holdEventLoop } from './node/hold-event-loop.ts';
import { libraryTokens } from './parts/tokens.ts';
import { createHandler, type Handler, type HandlerOptions, type OpenHandler } from './proxy/handler.ts';

export interface HypervisorOptions {
  /** Default: no log. */
  readonly logger?: Logger;
  /** Overrides the config's `data_dir`; absolute, or relative to the current directory. */
  readonly dataDir?: string;
  /** Port of the caller's own proxy, used in URLs. Default: the port of `[proxy] listen`. */
  readonly proxyPort?: number;
}

export interface CloseOptions {
  /** Whether every process runs on, for the next hypervisor of this state directory. */
  readonly keepTenants?: boolean;
  /** How long to wait for requests, in ms; processes then get SIGTERM. Default: the services' `drain_timeout`. */
  readonly drainTimeoutMs?: number;
  /** When it aborts, nothing is waited for: every process is killed, or with `keepTenants` released. */
  readonly hurry?: AbortSignal;
}

/** Past and future events. */
export interface Events {
  /** Returns the newest `tail` events that match, oldest first. @throws {TenementError} `bad_id`, `bad_input` */
  list(filter?: Omit<EventFilter, 'instance'> & { readonly instance?: string }): TenementEvent[];
  /**
   * Calls `listener` for each later event; the returned function unsubscribes it. Exceptions of a listener are logged.
   */
  subscribe(listener: (event: TenementEvent) => void): () => void;
}

/** An instance, with the socket to connect to. */
export type Instance = InstanceView & {
  /** The public socket, which always accepts connections and wakes a sleeping instance; null with `listen = "port"`. */
  readonly socketPath: string | null;
};

/** Bounds responses that hang. Others end when their instance has drained. */
const ANSWERS_GRACE_MS = 60_000;
/** Time for clients to take what was written, after the tenants have ended. */
const AFTER_TENANTS_GRACE_MS = 5_000;
/** At most this many leases are logged, the oldest first. */
const MAX_LOGGED_LEASES = 20;

let make: (parts: Parts) => Hypervisor;

export class Hypervisor {
  private readonly open: Parts;
  private closing: Promise<void> | null = null;
  private readonly openLeases = new OpenLeases();
  private readonly handlers: OpenHandler[] = [];

  static {
    make = (parts) => new Hypervisor(parts);
  }

  private constructor(parts: Parts) {
    this.open = parts;
  }

  /**
   * Loads a config, takes its state directory and starts the instances that `[instances]` names.
   * @throws {TenementError} `bad_input`, `config_not_found`, `bad_config`, `already_running`, `sockets_taken`,
   * `host_cannot`, `state_failed`
   */
  static async load(file: string, options: HypervisorOptions = {}): Promise<Hypervisor> {
    assertLoadInput(file, options);
    const { logger = silentLogger(), dataDir, proxyPort } = options;
    const loadOptions = dataDir === undefined ? {} : { dataDir: resolve(dataDir) };
    return make(await openParts(file, { logger, loadOptions, ...(proxyPort === undefined ? {} : { proxyPort }) }));
  }

  /** The parts, for calls that need an open hypervisor. @throws {TenementError} `closed` */
  private get parts(): Parts {
    if (this.closing === null) return this.open;
    throw new TenementError('closed', 'this hypervisor is closed');
  }

  private get verbs(): SupervisorVerbs {
    return this.parts.supervisor.by(LIBRARY);
  }

  /** The config that is served now. */
  get config(): Config {
    return this.open.served.current;
  }

  /**
   * Reads the config file again and applies it: new services are served, changed ones restart one by one without a
   * failed request, removed ones drain and end. Returns a sentence for each change.
   * @throws {TenementError} `config_not_found`, `bad_config`, `socket_path_too_long`, `sockets_taken`; nothing has
   * changed then
   */
  reload(): string[] {
    return this.parts.reload();
  }

  /**
   * Registers and starts an instance, and waits until it is ready or its start has failed.
   * @throws {TenementError} `bad_id`, `bad_input`, `unknown_service`, `already_registered`
   */
  async spawn(service: string, tenantId: string, options: SpawnOptions = {}): Promise<Instance> {
    assertSpawnOptions(options);
    const { view } = await holdEventLoop(this.verbs.spawn(service, tenantId, options));
    return instanceOf(view);
  }

  async start(instance: string): Promise<Instance> {
    return instanceOf(await holdEventLoop(this.verbs.start(namedInstance(instance))));
  }

  /** Stops an instance, so that no request wakes it. */
  async stop(instance: string): Promise<Instance> {
    return instanceOf(await holdEventLoop(this.verbs.stop(namedInstance(instance))));
  }

  async restart(instance: string): Promise<Instance> {
    return instanceOf(await holdEventLoop(this.verbs.restart(namedInstance(instance))));
  }

  /** Does what the idle timeout does: the next request wakes the instance. */
  async sleep(instance: string): Promise<Instance> {
    return instanceOf(await holdEventLoop(this.verbs.sleep(namedInstance(instance))));
  }

  /**
   * Unregisters an instance; with `purge` it also deletes the tenant's directory, if no other service of the tenant is
   * left.
   */
  async remove(instance: string, options: { purge?: boolean } = {}): Promise<void> {
    assertRemoveOptions(options);
    await holdEventLoop(this.verbs.remove(namedInstance(instance), options));
  }

  /** Tenants as a whole: their plans, dates, labels and variables. See docs/tenants.md. */
  get tenants(): Tenants {
    return libraryTenants(this.parts.supervisor.tenants);
  }

  /** Secrets of tenants. See docs/secrets.md. */
  get secrets(): Secrets {
    return librarySecrets(this.parts.supervisor.secrets);
  }

  /** Domains of tenants' own. See docs/domains.md. */
  get domains(): Domains {
    return libraryDomains(this.parts.supervisor.domains);
  }

  /** @throws {TenementError} `unknown_tenant` when it is not registered, `bad_id` when the name is invalid */
  getInstance(instance: string): Instance {
    return instanceOf(this.parts.supervisor.get(namedInstance(instance)));
  }

  /** How many instances are registered and served. */
  get instanceCount(): number {
    return this.open.supervisor.size;
  }

  /** How many instances have a process. */
  get awakeCount(): number {
    return this.open.supervisor.awake;
  }

  listInstances(): Instance[] {
    return this.parts.supervisor.list().map(instanceOf);
  }

  /**
   * For a reverse proxy of your own: wakes the instance if need be, and counts the request until `release` is called on
   * the result. A refusal has a `refused` code instead. An instance waits for its leases before it sleeps, restarts or
   * stops, for at most `drain_timeout`.
   * @param client the client's address, so that at `max_running` no visitor takes another's place; null: unknown
   */
  claim(instance: string, signal: AbortSignal, client: string | null = null): Admission | Promise<Admission> {
    const claim = this.parts.supervisor.claim(namedInstance(instance), signal, undefined, { client });
    return this.openLeases.note(claim, client);
  }

  /**
   * Returns the proxy for the caller's own server of `node:http` or `node:https`: functions for its requests and
   * upgrades, created once. They answer, hold, repeat and refuse requests as the proxy of `serve` does.
   * @throws {TenementError} `bad_input`
   */
  handler(options: HandlerOptions = {}): Handler {
    assertHandlerOptions(options);
    const { supervisor: source, proxySettings: settings, measures, identity, descriptors, logger } = this.parts;
    const handler = createHandler(
      {
        source,
        logger,
        settings,
        measures,
        identity,
        limits: proxyLimits(this.config.proxy.limits, descriptors),
        isClosing: () => this.closing !== null,
      },
      options,
    );
    this.handlers.push(handler);
    return { request: handler.request, upgrade: handler.upgrade };
  }

  /** Tokens for callers of the HTTP API. */
  get tokens(): TokenAdmin {
    return libraryTokens(this.parts.tokens);
  }

  logs(instance: string, filter: LogFilter = {}): Promise<LogLine[]> {
    return this.parts.logs.read(namedInstance(instance), filter);
  }

  /**
   * Returns what tenants have used, one page at a time: rows by tenant and then by hour, day or month in UTC.
   * @throws {TenementError} `bad_input`, `bad_id`, `state_failed`
   */
  usage(query: UsageInput = {}): Promise<UsagePage> {
    return holdEventLoop(this.parts.usage.page(query));
  }

  get events(): Events {
    const { events } = this.parts;
    return {
      list: ({ instance, ...filter } = {}) => {
        assertEventType(filter.type);
        return events.list(instance === undefined ? filter : { ...filter, instance: namedInstance(instance) });
      },
      subscribe: (listener) => events.subscribe(listener),
    };
  }

  /**
   * Ends every process and releases the state directory. Requests and leases of `claim()` are waited for, at most for
   * the `drain_timeout` of their service. Leases that are still not released are logged, and hold nothing any more. A
   * repeated call settles with the first.
   * @throws {TenementError} `bad_input`; nothing has changed then
   */
  close(options: CloseOptions = {}): Promise<void> {
    assertCloseOptions(options);
    this.closing ??= this.end(options);
    return this.closing;
  }

  private async end(options: CloseOptions): Promise<void> {
    const { supervisor, backups, release, logger } = this.open;
    const { keepTenants, hurry, drainTimeoutMs = ANSWERS_GRACE_MS } = options;
    // A backup would find each further tenant closing.
    await holdEventLoop(backups.close());
    // Instances that stay are released last.
    if (keepTenants === true) await holdEventLoop(this.endHandlers(drainTimeoutMs, hurry));
    await holdEventLoop(keepTenants === true ? supervisor.leave(hurry) : supervisor.close(options));
    await holdEventLoop(this.endHandlers(AFTER_TENANTS_GRACE_MS, hurry));
    const leases = this.openLeases.list().slice(0, MAX_LOGGED_LEASES);
    if (leases.length > 0) logger.warn({ leases }, 'closed with leases that were not released');
    await holdEventLoop(release(options));
  }

  private async endHandlers(graceMs: number, hurry: AbortSignal | undefined): Promise<void> {
    const handlers = this.handlers.map((handler) => handler.close(graceMs, hurry));
    await Promise.all([...handlers, this.open.publicSockets.drain(graceMs, hurry)]);
  }
}

/** Returns the same hypervisor as `Hypervisor.load`, for a program that opens the parts itself. */
export function hypervisorOver(parts: Parts): Hypervisor {
  return make(parts);
}

function instanceOf(view: InstanceView): Instance {
  return { ...view, socketPath: view.socket };
}
