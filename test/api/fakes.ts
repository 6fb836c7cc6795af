/** Fakes of everything behind the API, and a running API over them. */

import { type Actor, SYSTEM } from '../../src/core/access/actor.ts';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import type { HostView } from '../../src/core/dashboard/views.ts';
import { pageOf } from '../../src/core/input/page.ts';
import type { EventType } from '../../src/core/lifecycle/event-types.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { parseInstanceName, unknownInstance } from '../../src/core/lifecycle/instance.ts';
import { limitsView } from '../../src/core/limits/limits.ts';
import type {
  NotifyCounts,
  NotifyPort,
  NotifyTargetView,
  NotifyTestResult,
} from '../../src/core/notify/notify-port.ts';
import { RequestMeasures } from '../../src/core/observing/request-measures.ts';
import { WakeDurations } from '../../src/core/observing/wake-durations.ts';
import type { QuotaFace } from '../../src/core/quota/quota-face.ts';
import type { OperatorCommand, PreparedCommand } from '../../src/core/service/operator-command.ts';
import {
  type EventLog,
  isMeant,
  type NewEvent,
  numbered,
  type TenementEvent,
} from '../../src/core/stores/event-log.ts';
import type { LogFilter, LogLine, LogStore } from '../../src/core/stores/log-store.ts';
import type { Tally } from '../../src/core/usage/tally.ts';
import type { UsageFace } from '../../src/core/usage/usage-face.ts';
import type { UsageInput, UsagePage, UsageView } from '../../src/core/usage/usage-query.ts';
import type { SupervisorFace } from '../../src/core/verbs/supervisor-face.ts';
import type { InstancePage, InstanceQuery, InstanceView, SupervisorVerbs } from '../../src/core/verbs/verbs.ts';
import { TenementError } from '../../src/errors.ts';
import { systemClock } from '../../src/node/clock.ts';
import { Logins } from '../../src/parts/access/logins.ts';
import { Tokens } from '../../src/parts/access/tokens.ts';
import { LiveChanges } from '../../src/supervisor/live-changes.ts';
import { NO_LIMITS } from '../limits.ts';
import { configOf, SERVICE } from '../supervisor/fakes.ts';
import { FakeBackups } from './fake-backups.ts';
import { FakeCertificates } from './fake-certificates.ts';
import { FakeDomains } from './fake-domains.ts';
import { FakeSecrets } from './fake-secrets.ts';
import { FakeTenants } from './fake-tenants.ts';
import { FakeTokenStore } from './fake-tokens.ts';

export function view(name: InstanceName, overrides: Partial<InstanceView> = {}): InstanceView {
  const { service, tenantId } = parseInstanceName(name);
  return {
    instance: name,
    service,
    id: tenantId,
    state: 'ready',
    desired: 'up',
    pid: 4711,
    socket: `/tmp/${service}-${tenantId}.sock`,
    port: null,
    url: `http://${tenantId}.localhost:8080`,
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: '2026-01-01T00:00:00.000Z',
    lastActivityAt: '2026-01-01T00:01:00.000Z',
    memoryBytes: 20 * 1024 ** 2,
    peakMemoryBytes: null,
    limits: limitsView({ ...NO_LIMITS, memoryLimitBytes: 256 * 1024 ** 2 }),
    memoryLimitBytes: 256 * 1024 ** 2,
    storageBytes: null,
    storageMeasuredAt: null,
    cpuSeconds: 1.5,
    restarts: 2,
    wakes: 3,
    lastWakeMs: 41.2,
    requests: 17,
    inFlight: 0,
    openStreams: 0,
    openConnections: 0,
    sleepsAt: null,
    retryAt: null,
    reason: 'a request woke it',
    lastExit: null,
    ...overrides,
  };
}

/** The view after a failed start. */
export const CRASHED: Partial<InstanceView> = {
  state: 'backoff',
  pid: null,
  reason: 'it ended with code 7',
  lastExit: {
    code: 7,
    signal: null,
    reason: 'exit',
    detail: 'ended with code 7 before it was ready',
    lastLines: ['loading', '\u001b[31mno database\u001b[0m'],
    at: '2026-01-01T00:00:01.000Z',
  },
};

export const HOST: HostView = {
  version: '1.2.3',
  hostname: 'vps',
  startedAt: '2026-01-01T00:00:00.000Z',
  cpus: 2,
  loadAverage: [0.5, 0.4, 0.3],
  memory: { totalBytes: 4096, availableBytes: 1024 },
  swap: { totalBytes: 0, freeBytes: 0 },
  storage: { totalBytes: 8192, availableBytes: 4096 },
  descriptors: { used: 70, limit: 1024 },
  instances: { running: 1, maxRunning: 100, maxConcurrentStarts: 8 },
  server: { memoryBytes: 512, cpuSeconds: 1.5 },
  cgroup: 2,
  isolation: [{ level: 'process', available: true, reason: null }],
  notices: [],
};

/** A supervisor that records its calls, keeps views in a map, and starts nothing. */
export class FakeSupervisor implements SupervisorFace, SupervisorVerbs {
  /** The actor of each call. */
  readonly actors: Actor[] = [];
  readonly calls: unknown[][] = [];
  readonly views = new Map<InstanceName, InstanceView>();
  /** The view of the next started instance. */
  started: Partial<InstanceView> = {};
  failure: Error | null = null;
  readonly wakeDurations = new WakeDurations();
  readonly hooks = {
    counts: () => [{ service: 'api', hook: 'db', action: 'create' as const, succeeded: 3, failed: 1, seconds: 2.5 }],
    incomplete: () => 1,
  };
  readonly quotas: QuotaFace = {
    quotasOf: () => [{ meter: 'requests', used: 3, limit: 500, period: 'month', resetsAtMs: 0 }],
    isOverQuota: () => false,
    metered: () => new Set(Array.from(this.views.values(), ({ id }) => id)),
    refusedRequests: () =>
      Array.from(this.quotas.metered(), (tenantId) => ({ tenantId, code: 'rate_limited', requests: 7 })),
  };
  readonly tenants = new FakeTenants();
  readonly changes = new LiveChanges();
  readonly live = {
    watch: (listener: (name: string) => void) => this.changes.watch(listener),
    instanceNames: () => [...this.views.keys()],
    tenantIds: () => [...this.tenants.views.keys()],
    instances: (names: Iterable<InstanceName>) => Array.from(names).flatMap((name) => this.views.get(name) ?? []),
    tenants: (ids: Iterable<string>) => Array.from(ids).flatMap((id) => this.tenants.views.get(id) ?? []),
  };
  readonly domains = new FakeDomains();
  readonly secrets = new FakeSecrets(this.tenants.views);

  by(actor: Actor): SupervisorVerbs {
    this.actors.push(actor);
    return this;
  }

  async spawn(service: string, tenantId: string, options: object = {}) {
    this.#record('spawn', service, tenantId, options);
    if (service !== 'api') throw new TenementError('unknown_service', `there is no service ${service}`);
    const name: InstanceName = `${service}:${tenantId}`;
    const created = !this.views.has(name);
    if (created) this.views.set(name, view(name, this.started));
    return { view: this.get(name), created };
  }

  async start(name: InstanceName, options: object = {}) {
    this.#record('start', name, options);
    return this.#become(name, { state: 'ready', ...this.started });
  }

  async stop(name: InstanceName) {
    this.#record('stop', name);
    return this.#become(name, { state: 'stopped', pid: null });
  }

  async restart(name: InstanceName) {
    this.#record('restart', name);
    return this.#become(name, { state: 'ready', ...this.started });
  }

  async sleep(name: InstanceName) {
    this.#record('sleep', name);
    return this.#become(name, { state: 'asleep', pid: null });
  }

  async set(name: InstanceName, changes: object) {
    this.#record('set', name, changes);
    return this.#become(name, this.started);
  }

  async remove(name: InstanceName, options: object = {}) {
    this.#record('remove', name, options);
    this.get(name);
    this.views.delete(name);
  }

  async prepareCommand(instance: InstanceName, { words }: OperatorCommand) {
    return { ...PREPARED, script: `${instance} ${words.join(' ')}` };
  }

  get(name: InstanceName): InstanceView {
    const found = this.views.get(name);
    if (found === undefined) throw unknownInstance(name);
    return found;
  }

  readings(isSeen: (instance: InstanceName) => boolean = () => true): Iterable<InstanceView> {
    return this.list().filter(({ instance }) => isSeen(instance));
  }

  list(): InstanceView[] {
    return [...this.views.values()];
  }

  page({ isSeen = () => true, ...query }: InstanceQuery): InstancePage {
    const { keys, next } = pageOf([...this.views.keys()].filter(isSeen), query);
    return { instances: keys.map((name) => this.get(name)), next };
  }

  #record(...call: unknown[]): void {
    this.calls.push(call);
    if (this.failure !== null) throw this.failure;
  }

  #become(name: InstanceName, change: Partial<InstanceView>): InstanceView {
    this.views.set(name, { ...this.get(name), ...change });
    return this.get(name);
  }
}

/** The set of listeners of one subject, and a promise for the first of them. */
class Listeners<Item> {
  readonly all = new Set<(item: Item) => void>();
  readonly #first = Promise.withResolvers<void>();
  readonly #none = Promise.withResolvers<void>();
  readonly subscribed: Promise<void> = this.#first.promise;
  readonly unsubscribed: Promise<void> = this.#none.promise;

  add(listener: (item: Item) => void): () => void {
    this.all.add(listener);
    this.#first.resolve();
    return () => {
      this.all.delete(listener);
      if (this.all.size === 0) this.#none.resolve();
    };
  }

  tell(item: Item): void {
    for (const listener of this.all) listener(item);
  }
}

class FakeEvents implements EventLog {
  readonly listeners = new Listeners<TenementEvent>();
  readonly #events: TenementEvent[] = [];

  append(event: NewEvent): TenementEvent {
    const appended = numbered(this.#events.length + 1, event);
    this.#events.push(appended);
    this.listeners.tell(appended);
    return appended;
  }

  /** Appends an event of this type. */
  add(type: EventType, instance: InstanceName | null = null, by: Actor = SYSTEM): TenementEvent {
    return this.append({ atMs: Date.parse('2026-01-01'), type, instance, message: `it ${type}`, data: {}, by });
  }

  list(filter: Parameters<EventLog['list']>[0]): TenementEvent[] {
    const found = this.#events.filter((event) => isMeant(event, filter));
    return filter.tail === undefined ? found : found.slice(Math.max(0, found.length - filter.tail));
  }

  subscribe(listener: (event: TenementEvent) => void): () => void {
    return this.listeners.add(listener);
  }
}

class FakeLogs implements LogStore {
  readonly listeners = new Listeners<LogLine>();
  readonly lines: LogLine[] = [];
  /** Runs during a read: before or after the read has looked. */
  duringRead: { before?: () => void; after?: () => void } = {};
  lastFilter: LogFilter | null = null;

  print(text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    const line = { atMs: Date.parse('2026-01-01') + this.lines.length, stream, text };
    this.lines.push(line);
    this.listeners.tell(line);
  }

  async read(_name: InstanceName, filter: LogFilter): Promise<LogLine[]> {
    this.lastFilter = filter;
    this.duringRead.before?.();
    const found = this.lines.filter(
      (line) =>
        line.text.includes(filter.grep ?? '') &&
        line.atMs >= (filter.sinceMs ?? 0) &&
        (filter.stream === undefined || line.stream === filter.stream),
    );
    this.duringRead.after?.();
    return filter.tail === undefined ? found : found.slice(Math.max(0, found.length - filter.tail));
  }

  subscribe(_name: InstanceName, listener: (line: LogLine) => void): () => void {
    return this.listeners.add(listener);
  }

  async remove(): Promise<void> {}
}

/** Rows of usage that a test sets. */
class FakeUsageReport implements UsageFace {
  rows: UsageView[] = [];
  readonly asked: UsageInput[] = [];
  readonly totals = new Map<string, Tally>();

  sinceStart(): ReadonlyMap<string, Tally> {
    return this.totals;
  }

  async page(input: UsageInput, sees: (tenantId: string) => boolean = () => true): Promise<UsagePage> {
    this.asked.push(input);
    return { usage: this.rows.filter(({ tenant }) => sees(tenant)), next: null };
  }
}

class FakeNotify implements NotifyPort {
  readonly targets: NotifyTargetView[] = [];
  results: NotifyTestResult[] = [];
  readonly asked: (string | undefined)[] = [];

  async list(): Promise<NotifyTargetView[]> {
    return this.targets;
  }

  counts(): NotifyCounts[] {
    return this.targets.map(({ url, pending }) => ({
      receiver: new URL(url).origin,
      pending,
      delivered: 5,
      failed: 2,
    }));
  }

  async test(url: string | undefined): Promise<NotifyTestResult[]> {
    this.asked.push(url);
    if (this.results.length === 0) throw new TenementError('unknown_receiver', 'the config has no [[notify]]');
    return this.results;
  }
}

/** The prepared command of an operator: a script that does nothing. */
const PREPARED: PreparedCommand = {
  uid: 0,
  shell: ['/bin/sh'],
  script: '',
  env: {},
  cgroupDirs: [],
  ownDir: null,
  secretsDirs: [],
};

export function fakeDeps() {
  const events = new FakeEvents();
  const tokenStore = new FakeTokenStore();
  return {
    supervisor: new FakeSupervisor(),
    events,
    logs: new FakeLogs(),
    tokenStore,
    tokens: new Tokens({ store: tokenStore, events, clock: systemClock, services: () => ['api', 'web'] }),
    logins: new Logins({ store: tokenStore, events, clock: systemClock }),
    apiAddress: () => ({ host: '0.0.0.0', port: 8000 }),
    host: { view: async () => HOST },
    notify: new FakeNotify(),
    backups: new FakeBackups(),
    certificates: new FakeCertificates(),
    usage: new FakeUsageReport(),
    turnedAway: new TurnedAway(),
    measures: new RequestMeasures(),
    identity: { health: () => null, refused: () => [] },
    tls: {
      handshakes: () => [['full', 3] as const],
      certificates: () => [{ file: '/etc/a.pem', notAfterMs: 1_800_000_000_000 }],
    },
    config: () => configOf(SERVICE, {}),
    reload: () => [],
    isKnownHost: (host: string) => host === 'acme.example.com',
    version: '1.2.3',
  };
}
