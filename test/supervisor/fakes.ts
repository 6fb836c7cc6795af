/** A supervisor over processes in memory, on a clock that the test moves. */

import type { HostMemory } from '../../src/core/admission/pressure.ts';
import type { Admission, Lease } from '../../src/core/admission/serving.ts';
import { DomainRoutes } from '../../src/core/domains/domain-routes.ts';
import type { TxtAnswer } from '../../src/core/domains/verification.ts';
import type {
  InstanceName,
  InstanceRecord,
  ProcessIdentity,
  ProcessRecord,
} from '../../src/core/lifecycle/instance.ts';
import type { Limits } from '../../src/core/limits/limits.ts';
import type {
  Clock,
  InboundState,
  KernelUsage,
  LaunchedProcess,
  Launcher,
  LaunchRequest,
  ProbeResult,
  ProcessExit,
  ProcessHost,
  ProcessTable,
} from '../../src/core/ports.ts';
import type { EffectiveService } from '../../src/core/service/effective-service.ts';
import { ServedConfig } from '../../src/core/service/served-config.ts';
import {
  type Config,
  DEFAULT_PROXY_LIMITS,
  type ServiceConfig,
  type SocketPolicy,
} from '../../src/core/service/service.ts';
import { type EventLog, numbered, type TenementEvent } from '../../src/core/stores/event-log.ts';
import type { Registry } from '../../src/core/stores/registry.ts';
import { TenementError } from '../../src/errors.ts';
import { silentLogger } from '../../src/logger.ts';
import { NO_LIMITS } from '../limits.ts';
import { FakeCounters } from './fake-counters.ts';
import { FakeHookRunner } from './fake-hooks.ts';
import { FakeQuotas } from './fake-quotas.ts';
import { plainVault } from './fake-secrets.ts';
import { FakeTenants } from './fake-tenants.ts';
import { FakeUsage } from './fake-usage.ts';
import { OperatedSupervisor } from './operated-supervisor.ts';

export class FakeClock implements Clock {
  private now = 1_000_000;
  /** By how much the wall clock was set; timers measure steady time. */
  private offsetMs = 0;
  private timers: { atMs: number; run: () => void }[] = [];

  nowMs(): number {
    return this.now + this.offsetMs;
  }

  /** Sets the wall clock. */
  jump(ms: number): void {
    this.offsetMs += ms;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.now + delayMs, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Advances the time, and lets the consequences settle. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    for (;;) {
      const [next] = this.timers.filter((timer) => timer.atMs <= until).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.now = next.atMs;
      this.timers = this.timers.filter((timer) => timer !== next);
      next.run();
      await settle();
    }
    this.now = until;
    await settle();
  }
}

/** Lets everything continue that needs neither time nor a process. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeProcess implements LaunchedProcess {
  readonly record: ProcessRecord;
  released = false;
  readonly cpuSecondsBefore = 0;
  readonly upstream = { socketPath: '/public' };
  readonly exited: Promise<ProcessExit>;
  terminated: number[] = [];
  healthy = true;
  private exitNow: (exit: ProcessExit) => void = () => {};
  private readyNow: (result: ProbeResult) => void = () => {};
  private readonly ready: Promise<ProbeResult>;

  constructor(pid: number, spec = '') {
    this.record = { pid, startTicks: pid, bindSocket: '/b', publicSocket: '/public', port: null, cgroup: [], spec };
    this.exited = new Promise((resolve) => {
      this.exitNow = resolve;
    });
    this.ready = new Promise((resolve) => {
      this.readyNow = resolve;
    });
  }

  get identity(): ProcessIdentity {
    return this.record;
  }

  release(): void {
    this.released = true;
  }

  becomeReady(): void {
    this.readyNow({ ok: true });
  }

  /** Reports that the process runs, but cannot serve. */
  fail(detail: string): void {
    this.readyNow({ ok: false, detail });
  }

  exit(code: number): void {
    this.exitNow({ code, signal: null });
  }

  lastHealth: string | null = null;

  waitReady(signal: AbortSignal): Promise<ProbeResult> {
    signal.addEventListener('abort', () => this.readyNow({ ok: false, detail: 'not listening' }));
    return this.ready;
  }

  /** Policies that were applied to its socket. */
  readonly exposed: { readonly publicSocket: string; readonly serves: boolean }[] = [];
  /** Result of `expose`. */
  notExposed: string | null = null;

  expose({ publicSocket }: SocketPolicy, serves: boolean): string | null {
    this.exposed.push({ publicSocket, serves });
    return this.notExposed;
  }

  connected = false;

  wasConnected(): boolean {
    const { connected } = this;
    this.connected = false;
    return connected;
  }

  /** Result of `isAtRest`. */
  atRest = false;

  async isAtRest(): Promise<boolean> {
    return this.atRest;
  }

  frozen = false;
  /** Result of `resume`. */
  notResumed: string | null = null;
  /** Result of `inboundState`. */
  mail: InboundState = 'closed';

  suspend(): void {
    this.frozen = true;
  }

  /** Whether `resume` throws. */
  resumeThrows = false;

  resume(): string | null {
    if (this.resumeThrows) throw new Error('a bug');
    this.frozen = false;
    return this.notResumed;
  }

  /** Result of `isKilled` while frozen. */
  killed = false;

  isKilled(): boolean {
    return this.frozen && this.killed;
  }

  async inboundState(): Promise<InboundState> {
    return this.mail;
  }

  kernelUsage: KernelUsage | null = null;

  usage(): KernelUsage | null {
    return this.kernelUsage;
  }

  limits: Limits | null = null;

  limit(limits: Limits): null {
    this.limits = limits;
    return null;
  }

  ranMs = 1;

  runTimeMs(): number {
    return this.ranMs;
  }

  /** Whether probes get no answer. */
  silent = false;
  probes = 0;
  /** How many further probes throw. */
  probesThatFail = 0;

  async probe(): Promise<ProbeResult> {
    this.probes += 1;
    if (this.probes <= this.probesThatFail) throw new Error('a bug');
    if (this.silent) return { ok: false, detail: 'silent', isSilent: true };
    return this.healthy ? { ok: true } : { ok: false, detail: 'sick' };
  }

  /** How many further ends throw. */
  endsThatFail = 0;

  async terminate(graceMs: number): Promise<void> {
    this.terminated.push(graceMs);
    if (this.terminated.length <= this.endsThatFail) throw new Error('a bug');
    this.exitNow({ code: null, signal: graceMs === 0 ? 'SIGKILL' : 'SIGTERM' });
  }

  lastLines(): string[] {
    return ['last words'];
  }
}

export const SERVICE: ServiceConfig = {
  name: 'api',
  command: ['app'],
  workdir: '/',
  socket: '/{id}',
  socketMode: 0o660,
  socketGroup: null,
  publicSocket: 'direct',
  listen: 'socket',
  health: null,
  healthHost: '{host}',
  healthTimeoutMs: 1000,
  restart: 'on-failure',
  idleTimeoutMs: 60_000,
  idleAction: 'stop',
  suspendTimeoutMs: 3_600_000,
  startupTimeoutMs: 30_000,
  stopTimeoutMs: 10_000,
  drainTimeoutMs: 5000,
  requestTimeoutMs: 0,
  wakeQueue: 3,
  retry: true,
  isolation: 'process',
  network: 'host',
  user: null,
  readOnlyPaths: null,
  readWritePaths: [],
  sockets: [],
  tmpLimitBytes: null,
  ...NO_LIMITS,
  storageAction: 'warn',
  logLimitBytes: 1024 * 1024,
  selfApi: false,
  maxBusyMs: 3_600_000,
  inheritEnv: [],
  env: {},
  secretsEnv: [],
  secrets: {},
  hooks: [],
  defaulted: [],
};

export interface World {
  readonly supervisor: OperatedSupervisor;
  readonly served: ServedConfig;
  readonly clock: FakeClock;
  /** Every launched process, in order. */
  readonly processes: FakeProcess[];
  /** The request of every launch, in order. */
  readonly launched: LaunchRequest[];
  /** The secrets of every launch, in order. */
  readonly launchedWith: Record<string, string>[];
  vaultsOpened: number;
  /** Types of all events, in order. */
  readonly events: string[];
  /** The same events, whole. */
  readonly eventLog: TenementEvent[];
  readonly saved: Map<string, InstanceRecord>;
  readonly tenants: FakeTenants;
  readonly hookRunner: FakeHookRunner;
  /** Connections to each bound path. */
  readonly connections: Map<string, number>;
  /** How many times the connections were counted. */
  looks: number;
  /** Instances at whose public socket tenement listens. */
  readonly listening: Map<InstanceName, { readonly hasProcess: boolean }>;
  /** Failure of the next launches: a returned detail, or an exception. */
  failLaunch: string | Error | null;
  /**
   * Whether the next writes into the registry fail, because another process holds its lock, or because the disk is
   * full.
   */
  failSave: boolean | 'locked';
  readonly config: Config;
  readonly endedStrays: number[];
  hostMemory: HostMemory | null;
  readonly domainRoutes: DomainRoutes;
  /** What DNS says of each name. */
  readonly txt: Map<string, TxtAnswer>;
  /** Path → size of the directory. */
  readonly storage: Map<string, number>;
  /** Every measured directory, in order. */
  readonly measured: string[];
  readonly usage: FakeUsage;
  /** Duration of a measurement. */
  measureMs: number;
  /** Makes a tenant's directory. Returns its user id. */
  createTenantDir: (tenantId: string) => Promise<number | null>;
  /** Deletes a tenant's directory. */
  deleteTenantDir: (tenantId: string) => Promise<void>;
  removeLogs: (instance: InstanceName) => Promise<void>;
}

/** What an earlier server left. */
export interface Left {
  readonly records?: readonly InstanceRecord[];
  readonly running?: readonly FakeProcess[];
  readonly strays?: readonly (ProcessIdentity & { readonly bindSocket: string })[];
}

export function world(
  service: Partial<ServiceConfig> = {},
  settings: Partial<Config['settings']> = {},
  { records = [], running = [], strays = [] }: Left = {},
): World {
  const clock = new FakeClock();
  const config = configOf({ ...SERVICE, ...service }, settings);
  const endedStrays: number[] = [];
  const processes: FakeProcess[] = [];
  const events: string[] = [];
  const saved = new Map(records.map((record) => [`${record.service}:${record.tenantId}`, record]));
  const made: Omit<World, 'supervisor' | 'served' | 'tenants'> = {
    clock,
    config,
    processes,
    launched: [],
    launchedWith: [],
    vaultsOpened: 0,
    eventLog: [],
    events,
    saved,
    endedStrays,
    failLaunch: null,
    failSave: false,
    hostMemory: null,
    domainRoutes: new DomainRoutes(),
    txt: new Map(),
    connections: new Map(),
    looks: 0,
    listening: new Map(),
    storage: new Map(),
    measured: [],
    usage: new FakeUsage(),
    measureMs: 0,
    hookRunner: new FakeHookRunner(),
    createTenantDir: async () => null,
    deleteTenantDir: async () => {},
    removeLogs: async () => {},
  };
  const host: ProcessHost = { prepare: async () => {}, close: async () => {}, assertHostGives: () => {} };
  const processTable: ProcessTable = {
    isAlive: ({ pid }) => running.some((process) => process.record.pid === pid),
    strays: async (isOurs) => strays.filter(({ bindSocket }) => isOurs(bindSocket)),
    endStrays: async (some) => void endedStrays.push(...some.map(({ pid }) => pid)),
    isPublished: () => true,
    connections: () => {
      made.looks += 1;
      return made.connections;
    },
    forget: () => {},
    sweepSecrets: async () => {},
  };
  const launcher: Launcher = {
    spec: ({ service, secrets }) => specOf(service, secrets),
    adopt: (_request, { pid }) => {
      const process = running.find((one) => one.record.pid === pid) ?? new FakeProcess(pid);
      processes.push(process);
      return process;
    },
    paths: ({ socket }, id) => ({
      tenantDir: `/d/${id}`,
      publicSocket: socket.replace('{id}', id),
      bindSocket: `/b/${id}`,
    }),
    launch: async (request, secrets) => {
      made.launched.push(request);
      made.launchedWith.push(Object.fromEntries(secrets ?? []));
      if (made.failLaunch instanceof Error) throw made.failLaunch;
      if (made.failLaunch !== null) return { ok: false, detail: made.failLaunch };
      const process = new FakeProcess(processes.length + 1, specOf(request.service, request.secrets));
      processes.push(process);
      return { ok: true, process };
    },
    prepareCommand: async () => ({
      uid: 0,
      shell: [],
      script: '',
      env: {},
      cgroupDirs: [],
      ownDir: null,
      secretsDirs: [],
    }),
  };
  const assertWritable = () => {
    if (made.failSave === 'locked') throw new TenementError('state_failed', 'locked', { retryAfterS: 1 });
    if (made.failSave) throw new Error('database or disk is full');
  };
  const tenants = new FakeTenants(saved, assertWritable);
  const registry: Registry = {
    list: () => [...saved.values()],
    save: (record) => registry.saveAll([record]),
    saveAll: (records) => {
      assertWritable();
      for (const record of records) saved.set(`${record.service}:${record.tenantId}`, record);
    },
    whenWritable: async (attempt) => attempt(),
  };
  const log: EventLog = {
    append: (event) => {
      events.push(event.type);
      const appended = numbered(events.length, event);
      made.eventLog.push(appended);
      return appended;
    },
    list: () => [],
    subscribe: () => () => {},
  };
  const served = new ServedConfig(config);
  const supervisor = new OperatedSupervisor({
    served,
    clock,
    processHooks: null,
    host,
    launcher,
    processTable,
    tenantDirectories: {
      create: ({ tenantId }) => made.createTenantDir(tenantId),
      delete: (tenantId) => made.deleteTenantDir(tenantId),
      restoredName: (tenantId) => `${tenantId}.restored`,
      keptBefore: () => null,
      swapIn: (tenantId) => `/d/${tenantId}.before-restore`,
      settleRestore: () => 'undone',
      discardKept: () => {},
    },
    descriptors: null,
    activationSockets: {
      open: (instance, _paths, _access, hasProcess) => void made.listening.set(instance, { hasProcess }),
      retire: (instance) => void made.listening.delete(instance),
      listeners: () => [],
      inherit: () => {},
      remove: (instance) => void made.listening.delete(instance),
      inPlace: () => new Map(),
      leave: () => {},
      takeKept: () => {},
      close: () => {},
    },
    registry,
    tenants,
    domains: tenants.domains,
    domainRoutes: made.domainRoutes,
    lookUpTxt: async (name) => made.txt.get(name) ?? { texts: [] },
    hooks: tenants.hooks,
    openHookRunner: async () => made.hookRunner,
    counters: new FakeCounters(),
    quotas: new FakeQuotas(),
    secrets: tenants.secrets,
    vaultKey: { isChanging: false, change: async () => ({ keyId: 'plain', secrets: 0, unreadable: [] }) },
    openVault: async () => {
      made.vaultsOpened += 1;
      return plainVault;
    },
    openArchives: async () => Promise.reject(new Error('nothing is copied here')),
    version: '0.0.0',
    steadyMs: () => clock.nowMs(),
    events: log,
    logger: silentLogger(),
    meter: { measure: async () => new Map() },
    readHostMemory: () => made.hostMemory,
    storageMeter: {
      measure: async (dir) => {
        made.measured.push(dir);
        const bytes = made.storage.get(dir);
        await new Promise<void>((resolve) => clock.after(made.measureMs, resolve));
        return bytes === undefined ? { ok: false, detail: 'no figure' } : { ok: true, bytes };
      },
      close: () => {},
    },
    usage: made.usage,
    random: () => 0,
    webAddressOf: () => ({ host: 'acme.localhost', url: null }),
    urlOf: (host) => `http://${host}:8080`,
    certificateOf: () => null,
    removeLogs: (instance) => made.removeLogs(instance),
  });
  return Object.assign(made, { supervisor, served, tenants });
}

function specOf({ command, plan, ownEnv, secrets }: EffectiveService, versions: LaunchRequest['secrets']): string {
  const own = [...(plan?.features ?? []), ...Object.entries(ownEnv).flat()];
  const known = [...Object.keys(secrets), ...versions.map(({ name, version }) => `${name}@${version}`)];
  return [...command, ...own, ...known].join(' ');
}

export function configOf(service: ServiceConfig, settings: Partial<Config['settings']>): Config {
  return {
    file: '/tenement.toml',
    settings: {
      dataDir: '/d',
      stateDir: '/d/.tenement',
      runtimeDir: '/r',
      runtimeDirSource: 'config',
      healthCheckIntervalMs: 1_000_000,
      maxRestarts: 3,
      restartWindowMs: 300_000,
      backoffBaseMs: 1000,
      backoffMaxMs: 60_000,
      maxRunning: 100,
      maxConcurrentStarts: 8,
      memoryReserveBytes: 0,
      onExit: 'stop',
      cgroupRoot: null,
      dynamicUids: [200_000, 265_535],
      ...settings,
    },
    proxy: {
      listen: { host: '127.0.0.1', port: 0 },
      domains: ['localhost'],
      defaultService: 'api',
      trustedProxies: [],
      limits: DEFAULT_PROXY_LIMITS,
      workers: 1,
      socketGroup: null,
    },
    api: { listen: { host: '127.0.0.1', port: 0 }, auth: 'token', metricsPerTenant: true },
    telemetry: null,
    services: new Map([['api', service]]),
    instances: [],
    aliases: new Map(),
    tenantFrom: { sources: [{ kind: 'host' }], onMismatch: 'refuse' },
    jwt: null,
    tenants: { defaultPlan: null, skeleton: null, holdTimeoutMs: 60_000, verifyDomains: false, dnsServers: [] },
    plans: new Map(),
    notify: [],
    backup: null,
    tls: null,
    warnings: [],
  };
}

/** The signal of a client that stays. */
export const here = () => new AbortController().signal;

/** Spawns an instance and makes it ready. */
export async function ready(made: World, id = 'acme'): Promise<FakeProcess> {
  const spawned = made.supervisor.spawn('api', id);
  await settle();
  const process = made.processes.at(-1);
  process?.becomeReady();
  await spawned;
  if (process === undefined) throw new Error('nothing was launched');
  return process;
}

export function granted(claim: Admission): Lease {
  if ('refused' in claim) throw new Error(claim.refused);
  return claim;
}
