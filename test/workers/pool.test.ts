import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GrantSource } from '../../src/core/admission/serving.ts';
import { TurnedAway } from '../../src/core/admission/turned-away.ts';
import type { DomainRoute } from '../../src/core/domains/domain-routes.ts';
import { RefusalCounts } from '../../src/core/identity/refusal-counts.ts';
import type { InstanceName } from '../../src/core/lifecycle/instance.ts';
import { RequestMeasures } from '../../src/core/observing/request-measures.ts';
import { type ProxySettings, ProxySettingsPublisher } from '../../src/core/routing/proxy-settings.ts';
import { DEFAULT_PROXY_LIMITS } from '../../src/core/service/service.ts';
import { HandshakeCounts } from '../../src/core/tls/handshake-counts.ts';
import { TlsTable } from '../../src/core/tls/tls-table.ts';
import { onFault } from '../../src/faults.ts';
import { silentLogger } from '../../src/logger.ts';
import { WorkerPool } from '../../src/workers/pool.ts';
import type { FromWorker, ToWorker } from '../../src/workers/protocol.ts';
import { FakeKeys } from '../proxy/identity/support.ts';
import { NOTHING } from './fixtures.ts';

const ASKED = { host: '127.0.0.1', port: 0, tls: null };
const BOUND = { host: '127.0.0.1', port: 8080, tls: null };
const RESTART_MS = 500;
const PING_MS = 1000;

/** A worker process as Node's cluster shows it. */
class FakeWorker extends EventEmitter {
  readonly id: number;
  readonly sent: ToWorker[] = [];
  readonly signals: string[] = [];
  isUp = true;
  readonly process;

  constructor(id: number) {
    super();
    this.id = id;
    this.process = { pid: 1000 + id, kill: (signal: string) => this.signals.push(signal) };
  }

  isConnected(): boolean {
    return this.isUp;
  }

  isDead(): boolean {
    return !this.isUp;
  }

  send(message: ToWorker): void {
    this.sent.push(message);
  }

  say(message: FromWorker): void {
    this.emit('message', message);
  }

  exit(code: number | null = null, signal: string | null = 'SIGKILL'): void {
    this.isUp = false;
    this.emit('exit', code, signal);
  }

  of<Type extends ToWorker['type']>(type: Type): Extract<ToWorker, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<ToWorker, { type: Type }> => message.type === type);
  }
}

/** The part of the supervisor that the pool itself uses. */
class FakeSource {
  retire: (generation: number) => void = () => {};
  endGrants: (generation: number) => void = () => {};
  register: (instance: InstanceName, registered: boolean) => void = () => {};
  readonly connections: (1 | -1)[] = [];

  names(): InstanceName[] {
    return ['web:acme'];
  }

  onRetired(listener: (generation: number) => void): void {
    this.retire = listener;
  }

  onGrantsEnded(listener: (generation: number) => void): void {
    this.endGrants = listener;
  }

  onRegistration(listener: (instance: InstanceName, registered: boolean) => void): void {
    this.register = listener;
  }

  countConnection(_generation: number, change: 1 | -1): void {
    this.connections.push(change);
  }
}

let workers: FakeWorker[];
let source: FakeSource;
let turnedAway: TurnedAway;
let measures: RequestMeasures;
let keys: FakeKeys;
let refusals: RefusalCounts;
let table: TlsTable;
let pool: WorkerPool;
let feed: ProxySettingsPublisher;
const settings = { trustedProxies: ['127.0.0.1'] } as Partial<ProxySettings> as ProxySettings;

beforeEach(() => {
  vi.useFakeTimers();
  workers = [];
  vi.spyOn(cluster, 'setupPrimary').mockImplementation(() => {});
  vi.spyOn(cluster, 'fork').mockImplementation(() => {
    const worker = new FakeWorker(workers.length + 1);
    workers.push(worker);
    return worker as unknown as Worker;
  });
  source = new FakeSource();
  turnedAway = new TurnedAway();
  measures = new RequestMeasures();
  keys = new FakeKeys({});
  refusals = new RefusalCounts();
  table = new TlsTable();
  feed = new ProxySettingsPublisher(settings);
  pool = new WorkerPool({
    count: 2,
    source: source as unknown as GrantSource,
    limits: DEFAULT_PROXY_LIMITS,
    turnedAway,
    measures,
    identity: { keys, refusals },
    tls: { source: { table, obtain: null }, counts: new HandshakeCounts() },
    logger: silentLogger(),
    settings: feed,
  });
});

afterEach(async () => {
  const closed = pool.close(0);
  for (const worker of workers) worker.exit();
  await closed;
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const worker = (number: number): FakeWorker => {
  const found = workers[number - 1];
  if (found === undefined) throw new Error(`worker ${number} was not started`);
  return found;
};

const settle = () => vi.advanceTimersByTimeAsync(0);

/** Two workers that listen. */
async function listening(): Promise<void> {
  const bound = pool.listen(ASKED);
  worker(1).say({ type: 'listening', address: BOUND });
  await settle();
  worker(2).say({ type: 'listening', address: BOUND });
  await bound;
}

describe('starting', () => {
  it('begins with one worker, which finds the port, and settles when all listen', async () => {
    const bound = pool.listen(ASKED);
    expect(workers).toHaveLength(1);
    worker(1).say({ type: 'listening', address: BOUND });
    await settle();
    expect(workers).toHaveLength(2);
    worker(2).say({ type: 'listening', address: BOUND });
    expect(await bound).toEqual(BOUND);
  });

  it('tells each worker the address, the limits, the settings and what is registered', async () => {
    await listening();
    const start = {
      type: 'start',
      listen: ASKED,
      mayObtain: false,
      limits: { ...DEFAULT_PROXY_LIMITS, processes: workers.length },
      logLevel: 'silent',
      settings,
      keys: keys.current,
    };
    for (const each of workers) expect(each.sent[0]).toEqual({ ...start, registered: ['web:acme'] });
  });

  it('fails with the error of a worker that cannot listen, and ends that worker', async () => {
    const bound = pool.listen(ASKED);
    worker(1).say({ type: 'listen-failed', message: 'another program listens there' });
    await expect(bound).rejects.toMatchObject({ code: 'listen_failed', message: 'another program listens there' });
    expect(worker(1).signals).toEqual(['SIGKILL']);
  });

  it('fails when the first worker ends, and starts no other', async () => {
    const bound = pool.listen(ASKED);
    worker(1).exit(3, null);
    await expect(bound).rejects.toMatchObject({ code: 'listen_failed', message: expect.stringContaining('3') });
    await vi.advanceTimersByTimeAsync(10 * RESTART_MS);
    expect(workers).toHaveLength(1);
  });
});

describe("domains of tenants' own", () => {
  const routesOf = (each: FakeWorker) => each.of('domains').map(({ routes }) => routes);
  const answer = (each: FakeWorker) => {
    for (const { id } of each.of('domains')) each.say({ type: 'changed', id });
  };

  it('are told in pieces before the start, each after the one before was taken', async () => {
    const all = Array.from({ length: 2500 }, (_, index): DomainRoute => [`${index}.example`, 'web:acme']);
    void feed.domains.change(all);
    void pool.listen(ASKED).catch(() => {});
    for (const sizes of [[1000], [1000, 1000], [1000, 1000, 500]]) {
      expect(routesOf(worker(1)).map(({ length }) => length)).toEqual(sizes);
      expect(worker(1).of('start')).toEqual([]);
      answer(worker(1));
      await settle();
    }
    expect(worker(1).of('start')).toHaveLength(1);
    expect(routesOf(worker(1)).flat()).toEqual(all);
  });

  it('that change are told to every worker, and the change is over when all route by it', async () => {
    await listening();
    let isOver = false;
    const change = feed.domains.change([['a.example', 'web:acme']]).then(() => {
      isOver = true;
    });
    for (const each of workers) expect(routesOf(each)).toEqual([[['a.example', 'web:acme']]]);
    answer(worker(1));
    await settle();
    expect(isOver).toBe(false);
    answer(worker(2));
    await change;
  });

  it('do not wait for a worker that ends, and its successor is told all', async () => {
    await listening();
    const change = feed.domains.change([['a.example', 'web:acme']]);
    answer(worker(1));
    worker(2).exit();
    await change;
    await vi.advanceTimersByTimeAsync(RESTART_MS);
    expect(routesOf(worker(3))).toEqual([[['a.example', 'web:acme']]]);
    await Promise.all([feed.domains.change([['a.example', null]]), answer(worker(1))]);
    expect(routesOf(worker(3)).at(-1)).toEqual([['a.example', null]]);
    answer(worker(3));
    await settle();
    expect(worker(3).of('start')).toHaveLength(1);
  });
});

describe('a worker that ends', () => {
  it('is replaced after a pause by one at the same address', async () => {
    await listening();
    worker(1).exit();
    await vi.advanceTimersByTimeAsync(RESTART_MS - 1);
    expect(workers).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(worker(3).of('start')[0]?.listen).toEqual(ASKED);
  });

  it('is replaced at the bound port when it was the last, because the port was given back', async () => {
    await listening();
    worker(1).exit();
    worker(2).exit();
    await vi.advanceTimersByTimeAsync(RESTART_MS);
    expect(workers.slice(2).map((each) => each.of('start')[0]?.listen)).toEqual([BOUND, BOUND]);
  });

  it('is replaced again and again while its port is taken', async () => {
    await listening();
    worker(1).exit();
    for (const number of [3, 4]) {
      await vi.advanceTimersByTimeAsync(RESTART_MS);
      worker(number).say({ type: 'listen-failed', message: 'taken' });
      expect(worker(number).signals).toEqual(['SIGKILL']);
      worker(number).exit();
    }
    await vi.advanceTimersByTimeAsync(RESTART_MS);
    expect(workers).toHaveLength(5);
  });

  it('gives back the connections that it had counted', async () => {
    await listening();
    const share = { ...NOTHING, connections: 2 };
    worker(1).say({ type: 'report', shares: [share] });
    worker(1).exit();
    expect(source.connections).toEqual([1, 1, -1, -1]);
  });

  it('is not replaced while the pool closes', async () => {
    await listening();
    const closed = pool.close(1000);
    for (const each of workers) each.exit(0, null);
    await closed;
    await vi.advanceTimersByTimeAsync(10 * RESTART_MS);
    expect(workers).toHaveLength(2);
  });

  it('is not replaced by a pool that closes during the pause', async () => {
    await listening();
    worker(1).exit();
    const closed = pool.close(1000);
    worker(2).exit(0, null);
    await closed;
    await vi.advanceTimersByTimeAsync(10 * RESTART_MS);
    expect(workers).toHaveLength(2);
  });
});

describe('pings', () => {
  it('go to every worker each second', async () => {
    await listening();
    await vi.advanceTimersByTimeAsync(2 * PING_MS);
    for (const each of workers) expect(each.of('ping')).toHaveLength(2);
  });

  it('kill only a worker that leaves five in a row unanswered', async () => {
    await listening();
    for (let second = 0; second < 5; second += 1) {
      await vi.advanceTimersByTimeAsync(PING_MS);
      worker(2).say({ type: 'pong' });
    }
    expect(worker(1).signals).toEqual([]);
    await vi.advanceTimersByTimeAsync(PING_MS);
    expect([worker(1).signals, worker(2).signals]).toEqual([['SIGKILL'], []]);
  });

  it('are answered by any message', async () => {
    await listening();
    for (let second = 0; second < 20; second += 1) {
      await vi.advanceTimersByTimeAsync(PING_MS);
      for (const each of workers) each.say({ type: 'report', shares: [] });
    }
    expect(workers.flatMap(({ signals }) => signals)).toEqual([]);
  });

  it('give a worker that has sent nothing yet half a minute to load', async () => {
    const bound = pool.listen(ASKED);
    await vi.advanceTimersByTimeAsync(30 * PING_MS);
    expect(worker(1).signals).toEqual([]);
    await vi.advanceTimersByTimeAsync(PING_MS);
    expect(worker(1).signals).toEqual(['SIGKILL']);
    worker(1).exit();
    await expect(bound).rejects.toMatchObject({ code: 'listen_failed' });
  });
});

describe('keys of tokens', () => {
  it('go to every worker when they change', async () => {
    await listening();
    keys.set({ secrets: ['s'] });
    for (const each of workers) expect(each.sent.at(-1)).toEqual({ type: 'keys', keys: keys.current });
  });

  it('are loaded again when a worker asks, which is answered after the new keys were sent', async () => {
    await listening();
    keys.onRefresh = () => keys.set({ secrets: ['new'] });
    worker(2).say({ type: 'refresh-keys' });
    await settle();
    expect(
      worker(2)
        .sent.slice(-2)
        .map(({ type }) => type),
    ).toEqual(['keys', 'keys-refreshed']);
    expect(worker(1).sent.at(-1)?.type).toBe('keys');
  });

  it('and requests that workers refused are counted for all of them', async () => {
    await listening();
    worker(1).say({ type: 'refused-tenants', requests: [['expired', 2]] });
    worker(2).say({
      type: 'refused-tenants',
      requests: [
        ['expired', 1],
        ['mismatch', 4],
      ],
    });
    expect([...refusals.entries()]).toEqual([
      ['expired', 3],
      ['mismatch', 4],
    ]);
  });
});

describe('a message to every worker', () => {
  it('reports a retired process, grants that end, and an instance that is registered or removed', async () => {
    await listening();
    source.retire(7);
    source.endGrants(8);
    source.register('web:new', true);
    for (const each of workers) {
      expect(each.sent.slice(1)).toEqual([
        { type: 'retire', generation: 7 },
        { type: 'end-grant', generation: 8 },
        { type: 'registration', instance: 'web:new', registered: true },
      ]);
    }
  });

  it('carries changed settings', async () => {
    await listening();
    feed.publish({ ...settings, trustedProxies: [] });
    for (const each of workers) {
      expect(each.sent.at(-1)).toEqual({ type: 'settings', settings: { ...settings, trustedProxies: [] } });
    }
  });

  it('skips a worker whose channel is closed', async () => {
    await listening();
    worker(1).isUp = false;
    source.retire(7);
    await vi.advanceTimersByTimeAsync(PING_MS);
    expect(worker(1).sent.map(({ type }) => type)).toEqual(['start']);
  });
});

describe("the server's counters", () => {
  it('include the connections that a worker has refused', async () => {
    await listening();
    worker(1).say({ type: 'turned-away', connections: 3 });
    worker(2).say({ type: 'turned-away', connections: 4 });
    expect([...turnedAway.entries()]).toEqual([['proxy', 7]]);
  });

  it('include the faults of its workers, by pid', async () => {
    await listening();
    const faults: unknown[] = [];
    const unsubscribe = onFault((error, where) => faults.push([String(error), where]));
    worker(1).say({ type: 'fault', message: 'unexpected' });
    unsubscribe();
    expect(faults).toEqual([['Error: unexpected', { worker: 1001 }]]);
  });
});

describe('closing', () => {
  it('gives the workers their grace, and settles when all have ended', async () => {
    await listening();
    let isClosed = false;
    const closed = pool.close(3000).then(() => {
      isClosed = true;
    });
    for (const each of workers) expect(each.sent.at(-1)).toEqual({ type: 'close', graceMs: 3000 });
    worker(1).exit(0, null);
    await settle();
    expect(isClosed).toBe(false);
    worker(2).exit(0, null);
    await closed;
    expect(workers.flatMap(({ signals }) => signals)).toEqual([]);
  });

  it('kills workers that have not ended a second after their grace', async () => {
    await listening();
    void pool.close(3000);
    worker(1).exit(0, null);
    await vi.advanceTimersByTimeAsync(3999);
    expect(worker(2).signals).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect([worker(1).signals, worker(2).signals]).toEqual([[], ['SIGKILL']]);
  });

  it('kills the workers at once when the hurry signal aborts, or was aborted before', async () => {
    await listening();
    const hurry = new AbortController();
    void pool.close(3000, hurry.signal);
    expect(worker(1).signals).toEqual([]);
    hurry.abort();
    expect(worker(1).signals).toEqual(['SIGKILL']);
    void pool.close(3000, AbortSignal.abort());
    expect(worker(1).signals).toEqual(['SIGKILL', 'SIGKILL']);
  });
});
