/** The API as typed calls, for the commands and for other programs. */
import { type ConfigJson, configFromJson } from '../../core/input/config-json.ts';
import type { EventEntry } from '../../core/lifecycle/event-entry.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { NotifyTargetView, NotifyTestResult } from '../../core/notify/notify-port.ts';
import type { KeyChange } from '../../core/secrets/key-change.ts';
import type { OperatorCommand, PreparedCommand } from '../../core/service/operator-command.ts';
import type { Config } from '../../core/service/service.ts';
import type { TenantChanges } from '../../core/tenants/tenant-change.ts';
import type { UsageInput, UsagePage, UsageView } from '../../core/usage/usage-query.ts';
import type { SecretList, SecretVerbs, SecretView } from '../../core/verbs/secret-verbs.ts';
import type { CreateTenantOptions, TenantPage, TenantQuery, TenantView } from '../../core/verbs/tenant-verbs.ts';
import type { InstanceChanges, InstanceView, SpawnOptions } from '../../core/verbs/verbs.ts';
import { type ArchiveCalls, archiveCalls } from './archive-calls.ts';
import { type BackupClient, backupCalls } from './backup-calls.ts';
import { type CertificateClient, certificateCalls } from './certificate-calls.ts';
import { type DomainClient, domainCalls } from './domain-calls.ts';
import { type TokenCalls, tokenCalls } from './token-calls.ts';
import { type ApiTarget, createTransport, type Transport } from './transport.ts';

export type { CopiedTenantView } from './archive-calls.ts';
export type { RunProgress } from './backup-calls.ts';
export type { LoginLink } from './token-calls.ts';
export type { ApiTarget } from './transport.ts';

export interface LogEntry {
  /** ISO 8601. */
  readonly at: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

interface StreamQuery {
  /** Continues with new items until the signal aborts or the server ends. */
  readonly follow?: boolean | undefined;
  /** How many of the newest items to return. */
  readonly tail?: number | undefined;
  /** A duration back from now ("10m"), or an ISO 8601 time. */
  readonly since?: string | undefined;
}

interface LogsQuery extends StreamQuery {
  readonly grep?: string | undefined;
  /** Only lines printed to stderr. */
  readonly stderr?: boolean | undefined;
}

interface EventsQuery extends StreamQuery {
  readonly type?: string | undefined;
  readonly instance?: InstanceName | undefined;
  readonly tenant?: string | undefined;
}

/** How many instances or rows are asked for at once. */
const PAGE_SIZE = 1000;

/** Each call rejects with a TenementError: the server's own code, or `server_unreachable`. */
export interface ApiClient extends TokenCalls {
  /** Socket path or URL of the server. */
  readonly address: string;
  spawn(service: string, tenantId: string, options?: SpawnOptions): Promise<{ view: InstanceView; created: boolean }>;
  start(instance: InstanceName, options?: { wait?: boolean | undefined }): Promise<InstanceView>;
  stop(instance: InstanceName): Promise<InstanceView>;
  restart(instance: InstanceName): Promise<InstanceView>;
  sleep(instance: InstanceName): Promise<InstanceView>;
  remove(instance: InstanceName, options?: { purge?: boolean | undefined }): Promise<void>;
  set(instance: InstanceName, changes: InstanceChanges): Promise<InstanceView>;
  readonly tenants: TenantClient;
  readonly domains: DomainClient;
  readonly certificates: CertificateClient;
  readonly secrets: SecretClient;
  readonly backups: BackupClient;
  get(instance: InstanceName): Promise<InstanceView>;
  /** Lists all instances by name, in several calls if there are many. */
  list(): Promise<InstanceView[]>;
  logs(instance: InstanceName, query?: LogsQuery, signal?: AbortSignal): AsyncIterable<LogEntry>;
  /** Returns all rows of usage, in several calls if there are many. */
  usage(input: Omit<UsageInput, 'limit' | 'after'>): Promise<UsageView[]>;
  events(query?: EventsQuery, signal?: AbortSignal): AsyncIterable<EventEntry>;
  /** Returns how to run a command for an instance, as a process of the server's user. Control socket only. */
  prepareCommand(instance: InstanceName, asked: OperatorCommand): Promise<PreparedCommand>;
  /** Returns the config that is served now. Control socket only. */
  config(): Promise<Config>;
  /** Reloads the config, and returns a sentence for each change. Control socket only. */
  reload(): Promise<readonly string[]>;
  listNotify(): Promise<NotifyTargetView[]>;
  /** Sends a test message. @param url default: to all receivers */
  testNotify(url?: string): Promise<NotifyTestResult[]>;
  /** Ends open calls. */
  close(): Promise<void>;
}

export interface TenantClient extends ArchiveCalls {
  create(id: string, options?: CreateTenantOptions): Promise<{ view: TenantView; created: boolean }>;
  set(id: string, changes: TenantChanges): Promise<TenantView>;
  stop(id: string): Promise<TenantView>;
  start(id: string, options?: { wait?: boolean | undefined }): Promise<TenantView>;
  provision(id: string): Promise<TenantView>;
  remove(id: string, options?: { purge?: boolean | undefined }): Promise<void>;
  get(id: string): Promise<TenantView>;
  list(query?: Omit<TenantQuery, 'isSeen'>): Promise<TenantPage>;
}

export interface SecretClient extends SecretVerbs {
  list(tenantId: string): Promise<SecretList>;
  changeKey(): Promise<KeyChange>;
}

/** Creates a client. @throws {TenementError} `bad_input` for an invalid URL */
export function createClient(target: ApiTarget): ApiClient {
  const transport = createTransport(target);
  return {
    address: transport.address,
    ...instanceCalls(transport),
    tenants: tenantCalls(transport),
    domains: domainCalls(transport),
    certificates: certificateCalls(transport),
    secrets: secretCalls(transport),
    backups: backupCalls(transport),
    ...streamCalls(transport),
    ...tokenCalls(transport),
    ...notifyCalls(transport),
    usage: (input) => allUsage(transport, input),
    config: async () => {
      const { data } = await transport.json({ method: 'GET', path: '/api/config' });
      return configFromJson(data as ConfigJson);
    },
    reload: async () => {
      const { data } = await transport.json({ method: 'POST', path: '/api/config/reload' });
      return (data as { changes: string[] }).changes;
    },
    prepareCommand: async (instance, asked) => {
      const { data } = await transport.json({ method: 'POST', path: `${instancePath(instance)}/exec`, body: asked });
      return data as PreparedCommand;
    },
    close: () => transport.close(),
  };
}

type InstanceCalls = Pick<
  ApiClient,
  'spawn' | 'start' | 'stop' | 'restart' | 'sleep' | 'set' | 'remove' | 'get' | 'list'
>;

function instanceCalls(transport: Transport): InstanceCalls {
  const verb = async (instance: InstanceName, name: string, body?: object) => {
    const call = { method: 'POST', path: `${instancePath(instance)}/${name}` } as const;
    const { data } = await transport.json(body === undefined ? call : { ...call, body });
    return data as InstanceView;
  };
  return {
    spawn: async (service, id, options = {}) => {
      const body = { service, id, ...options };
      const { status, data } = await transport.json({ method: 'POST', path: '/api/instances', body });
      // A response with 502 contains the instance, but not whether it is new, which no caller needs after a failed
      // start.
      return { view: data as InstanceView, created: status !== 200 };
    },
    start: (instance, options = {}) => verb(instance, 'start', options),
    stop: (instance) => verb(instance, 'stop'),
    restart: (instance) => verb(instance, 'restart'),
    sleep: (instance) => verb(instance, 'sleep'),
    remove: async (instance, { purge } = {}) => {
      await transport.json({ method: 'DELETE', path: instancePath(instance), query: { purge } });
    },
    set: async (instance, changes) => {
      const call = { method: 'PATCH', path: instancePath(instance), body: changes } as const;
      return (await transport.json(call)).data as InstanceView;
    },
    get: async (instance) =>
      (await transport.json({ method: 'GET', path: instancePath(instance) })).data as InstanceView,
    list: async () => {
      const all: InstanceView[] = [];
      for (let after: string | null | undefined; after !== null; ) {
        const query = { limit: PAGE_SIZE, ...(after !== undefined && { after }) };
        const { data } = await transport.json({ method: 'GET', path: '/api/instances', query });
        // An older server sends everything at once, and no `next`.
        const { instances, next = null } = data as { instances: InstanceView[]; next?: string | null };
        all.push(...instances);
        after = next;
      }
      return all;
    },
  };
}

function tenantCalls(transport: Transport): TenantClient {
  const pathOf = (id: string) => `/api/tenants/${encodeURIComponent(id)}`;
  const ask = async (call: Parameters<Transport['json']>[0]) => (await transport.json(call)).data as TenantView;
  return {
    create: async (id, options = {}) => {
      const body = { id, ...options };
      const { status, data } = await transport.json({ method: 'POST', path: '/api/tenants', body });
      return { view: data as TenantView, created: status !== 200 };
    },
    set: (id, changes) => ask({ method: 'PATCH', path: pathOf(id), body: changes }),
    stop: (id) => ask({ method: 'POST', path: `${pathOf(id)}/stop` }),
    start: (id, options = {}) => ask({ method: 'POST', path: `${pathOf(id)}/start`, body: options }),
    provision: (id) => ask({ method: 'POST', path: `${pathOf(id)}/provision` }),
    remove: async (id, { purge } = {}) => {
      await transport.json({ method: 'DELETE', path: pathOf(id), query: { purge } });
    },
    get: (id) => ask({ method: 'GET', path: pathOf(id) }),
    ...archiveCalls(transport, pathOf),
    list: async ({ labels = {}, ...query } = {}) => {
      const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const { data } = await transport.json({ method: 'GET', path: '/api/tenants', query: { ...query, label } });
      return data as TenantPage;
    },
  };
}

function secretCalls(transport: Transport): SecretClient {
  const pathOf = (tenantId: string) => `/api/tenants/${encodeURIComponent(tenantId)}/secrets`;
  const one = (tenantId: string, name: string) => `${pathOf(tenantId)}/${encodeURIComponent(name)}`;
  const ask = async (call: Parameters<Transport['json']>[0]) => (await transport.json(call)).data;
  return {
    list: async (tenantId) => (await ask({ method: 'GET', path: pathOf(tenantId) })) as SecretList,
    set: async (tenantId, name, value) =>
      (await ask({ method: 'PUT', path: one(tenantId, name), body: { value } })) as SecretView,
    remove: async (tenantId, name) => void (await ask({ method: 'DELETE', path: one(tenantId, name) })),
    changeKey: async () => (await ask({ method: 'POST', path: '/api/secrets/rekey' })) as KeyChange,
    rotate: async (tenantId, name) =>
      (await ask({ method: 'POST', path: `${one(tenantId, name)}/rotate` })) as SecretView,
  };
}

function streamCalls(transport: Transport): Pick<ApiClient, 'logs' | 'events'> {
  async function* stream<Item>(path: string, query: object, signal?: AbortSignal): AsyncGenerator<Item> {
    const lines = transport.lines({ method: 'GET', path, query: { ...query }, signal });
    for await (const line of lines) yield JSON.parse(line) as Item;
  }
  return {
    logs: (instance, query = {}, signal) => stream(`${instancePath(instance)}/logs`, query, signal),
    events: (query = {}, signal) => stream('/api/events', query, signal),
  };
}

async function allUsage(transport: Transport, input: UsageInput): Promise<UsageView[]> {
  const rows: UsageView[] = [];
  let after: string | null = '';
  do {
    const query = { ...input, limit: PAGE_SIZE, ...(after !== '' && { after }) };
    const { data } = await transport.json({ method: 'GET', path: '/api/usage', query });
    const { usage, next } = data as UsagePage;
    rows.push(...usage);
    after = next;
  } while (after !== null);
  return rows;
}

function notifyCalls(transport: Transport): Pick<ApiClient, 'listNotify' | 'testNotify'> {
  return {
    listNotify: async () => {
      const { data } = await transport.json({ method: 'GET', path: '/api/notify' });
      return (data as { targets: NotifyTargetView[] }).targets;
    },
    testNotify: async (url) => {
      const { data } = await transport.json({ method: 'POST', path: '/api/notify/test', body: { url } });
      return (data as { results: NotifyTestResult[] }).results;
    },
  };
}

function instancePath(instance: InstanceName): string {
  return `/api/instances/${encodeURIComponent(instance)}`;
}
