import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Admission, Lease } from '../../src/core/admission/serving.ts';
import type { FromWorker, Share } from '../../src/workers/protocol.ts';
import { RemoteSource } from '../../src/workers/remote-source.ts';
import { NOTHING, TARGET } from './fixtures.ts';

/** Longer than the delay of reports. */
const REPORTED_MS = 60;

const never = new AbortController().signal;

/** The source of one worker, and its messages to the server. */
class Worker {
  readonly sent: FromWorker[] = [];
  readonly source = new RemoteSource((message) => this.sent.push(message));

  /** Lets the worker claim the process by itself. */
  async granted(target = TARGET): Promise<Lease> {
    const claim = this.source.claim(target.instance, never);
    this.source.leased(this.lastId, { ...target, heldMs: null }, true, null);
    return leaseOf(await claim);
  }

  /** A request that the worker claims without asking the server. */
  local(client: string | null = null): Lease {
    const claim = this.source.claim('web:acme', never, undefined, { client });
    if (claim instanceof Promise) throw new Error('it asked the server');
    return leaseOf(claim);
  }

  /** Returns the worker's messages of this type. */
  of<Type extends FromWorker['type']>(type: Type): Extract<FromWorker, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<FromWorker, { type: Type }> => message.type === type);
  }

  get shares(): readonly Share[] {
    return this.of('report').flatMap(({ shares }) => shares);
  }

  private get lastId(): number {
    return this.of('claim').at(-1)?.id ?? 0;
  }
}

function leaseOf(claim: Admission): Lease {
  if ('refused' in claim) throw new Error(`refused: ${claim.refused}`);
  return claim;
}

let worker: Worker;
beforeEach(() => {
  vi.useFakeTimers();
  worker = new Worker();
});
afterEach(() => vi.useRealTimers());

describe('a claim of an instance that was not granted', () => {
  it('asks the server, and settles with its lease', async () => {
    const claim = worker.source.claim('web:acme', never, undefined, { client: '192.0.2.1' });
    expect(worker.sent).toEqual([{ type: 'claim', id: 1, instance: 'web:acme', client: '192.0.2.1' }]);
    worker.source.leased(1, { ...TARGET, heldMs: 40 }, false, null);
    expect(await claim).toMatchObject({ ...TARGET, heldMs: 40 });
  });

  it('settles with the refusal of the server', async () => {
    const claim = worker.source.claim('web:acme', never);
    worker.source.refused(1, { refused: 'stopped', retryAfterS: null });
    expect(await claim).toEqual({ refused: 'stopped', retryAfterS: null });
  });

  it('gets the answer to its own number, in whatever order answers come', async () => {
    const first = worker.source.claim('web:acme', never);
    const second = worker.source.claim('web:other', never);
    worker.source.refused(2, { refused: 'stopped', retryAfterS: null });
    worker.source.leased(1, { ...TARGET, heldMs: null }, false, null);
    expect(await second).toMatchObject({ refused: 'stopped' });
    expect(await first).toMatchObject({ instance: 'web:acme' });
  });

  it('is aborted at the server when its client leaves, and not after it was answered', async () => {
    const leaving = new AbortController();
    const held = worker.source.claim('web:acme', leaving.signal);
    leaving.abort();
    expect(worker.of('abort')).toEqual([{ type: 'abort', id: 1 }]);
    worker.source.refused(1, { refused: 'stopped', retryAfterS: null });
    await held;
    const later = new AbortController();
    const answered = worker.source.claim('web:acme', later.signal);
    worker.source.leased(2, { ...TARGET, heldMs: null }, false, null);
    await answered;
    later.abort();
    expect(worker.of('abort')).toHaveLength(1);
  });

  it('is counted only by the server: its lease reports a stream, and its end once', async () => {
    const claim = worker.source.claim('web:acme', never);
    worker.source.leased(1, { ...TARGET, heldMs: null }, false, null);
    const lease = leaseOf(await claim);
    lease.becomeStream();
    lease.release('answered');
    lease.release();
    expect(worker.sent.slice(1)).toEqual([
      { type: 'stream', id: 1 },
      { type: 'release', id: 1, outcome: 'answered' },
    ]);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toEqual([]);
  });

  it('leaves an unanswered request without an outcome', async () => {
    (await worker.granted()).release();
    expect(worker.of('release')).toEqual([{ type: 'release', id: 1 }]);
  });
});

describe('a claim of a granted instance', () => {
  it('is decided in the same step, and reported soon after', async () => {
    await worker.granted();
    const lease = worker.local('192.0.2.1');
    expect(lease).toMatchObject({ ...TARGET, heldMs: null });
    expect(worker.shares).toEqual([]);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toEqual([{ ...NOTHING, requests: 1, total: 1, client: '192.0.2.1' }]);
  });

  it('is counted with others in one report', async () => {
    await worker.granted();
    const leases = [worker.local(), worker.local(), worker.local()];
    leases[0]?.release('answered');
    leases[1]?.becomeStream();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toEqual([{ ...NOTHING, requests: 1, streams: 1, total: 3, answered: 1 }]);
  });

  it('counts its end once, whatever the outcome and however often it is released', async () => {
    await worker.granted();
    const [request, stream] = [worker.local(), worker.local()];
    stream.becomeStream();
    stream.becomeStream();
    for (const lease of [request, stream, request, stream]) lease.release('answered');
    request.becomeStream();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toEqual([{ ...NOTHING, total: 2, answered: 2 }]);
  });

  it('counts as answered only a complete response', async () => {
    await worker.granted();
    worker.local().release('broke-off');
    worker.local().release();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toMatchObject([{ total: 2, answered: 0 }]);
  });

  it('names the client of one request for each report, the first', async () => {
    await worker.granted();
    for (const client of ['192.0.2.1', '192.0.2.2']) worker.local(client).release();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    worker.local().release();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares.map(({ client }) => client)).toEqual(['192.0.2.1', undefined]);
  });

  it('asks the server when it is a second try', async () => {
    await worker.granted();
    const again = { request: 'GET /', generation: 6 };
    void worker.source.claim('web:acme', never, again);
    expect(worker.of('claim').at(-1)).toEqual({ type: 'claim', id: 2, instance: 'web:acme', client: null, again });
  });

  it('follows a reload', async () => {
    await worker.granted();
    worker.source.retarget({ ...TARGET, requestTimeoutMs: 5 });
    expect(worker.local().requestTimeoutMs).toBe(5);
  });

  it('is not made possible by a change to a target that was never granted', () => {
    worker.source.retarget(TARGET);
    expect(worker.source.claim('web:acme', never)).toBeInstanceOf(Promise);
  });
});

describe('a process that is retired', () => {
  it('is claimed no more, and its open requests are confirmed in the same step', async () => {
    await worker.granted();
    const lease = worker.local();
    worker.source.retire(7);
    expect(worker.of('confirm')).toEqual([{ type: 'confirm', share: { ...NOTHING, requests: 1, total: 1 } }]);
    expect(worker.source.claim('web:acme', never)).toBeInstanceOf(Promise);
    lease.release('answered');
    // A drain waits for it: the report is not delayed.
    expect(worker.shares).toEqual([{ ...NOTHING, total: 1, answered: 1 }]);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toHaveLength(1);
  });

  it('is confirmed also by a worker that never used it', () => {
    worker.source.retire(7);
    expect(worker.of('confirm')).toEqual([{ type: 'confirm', share: NOTHING }]);
  });

  it('is reported to the proxy, which closes its idle connections', async () => {
    await worker.granted();
    const retired: number[] = [];
    worker.source.onRetired((generation) => retired.push(generation));
    worker.source.retire(7);
    expect(retired).toEqual([7]);
  });

  it('leaves other processes claimable', async () => {
    await worker.granted();
    worker.source.retire(6);
    expect(worker.local().generation).toBe(7);
  });

  it('is forgotten once nothing of it is open: later requests are counted from zero', async () => {
    (await worker.granted()).release();
    worker.source.countConnection(7, 1);
    const lease = worker.local();
    worker.source.retire(7);
    lease.release();
    worker.source.countConnection(7, -1);
    worker.source.countConnection(7, 1);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares.at(-1)).toEqual({ ...NOTHING, connections: 1 });
  });
});

describe('traffic', () => {
  const moved = { requests: 1, errors: 0, ingressBytes: 100, egressBytes: 2000 };

  it('is reported with the counts of its process, as a total', async () => {
    await worker.granted();
    const [first, second] = [worker.local(), worker.local()];
    first.traffic.add(moved);
    first.release('answered');
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    second.traffic.add(moved);
    second.release('answered');
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares.map(({ traffic }) => traffic.egressBytes)).toEqual([2000, 4000]);
  });

  it('of a stream that goes on is reported when it is looked at', async () => {
    await worker.granted();
    const stream = worker.local();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    const socket = { bytesRead: 10, bytesWritten: 20 };
    const stop = stream.traffic.follow(socket, { ...socket });
    socket.bytesWritten += 500;
    worker.source.lookAtTraffic();
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares.at(-1)?.traffic.egressBytes).toBe(500);
    stop();
  });

  it('of a lease that the server counts is reported before the lease is released, also after the process retired', async () => {
    const lease = await worker.granted();
    worker.source.retire(7);
    lease.traffic.add(moved);
    lease.release('answered');
    expect(worker.sent.slice(-2)).toMatchObject([
      { type: 'report', shares: [{ traffic: moved }] },
      { type: 'release' },
    ]);
  });
});

describe('a grant that ends while the process goes on', () => {
  it('is confirmed in the same step, and each later request is asked for', async () => {
    await worker.granted();
    const lease = worker.local();
    worker.source.endGrant(7);
    expect(worker.of('confirm')).toEqual([{ type: 'confirm', share: { ...NOTHING, requests: 1, total: 1 } }]);
    expect(worker.source.claim('web:acme', never)).toBeInstanceOf(Promise);
    lease.release('answered');
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares.at(-1)).toEqual({ ...NOTHING, total: 1, answered: 1 });
  });

  it('is not confirmed by a worker that had none', () => {
    worker.source.endGrant(7);
    expect(worker.of('confirm')).toEqual([]);
  });

  it('may be given again', async () => {
    await worker.granted();
    worker.source.endGrant(7);
    await worker.granted();
    expect(worker.local().generation).toBe(7);
  });
});

describe('a remote source', () => {
  it('reports the connections of the proxy to each process', async () => {
    for (const generation of [7, 7, 8]) worker.source.countConnection(generation, 1);
    worker.source.countConnection(8, -1);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    expect(worker.shares).toEqual([
      { ...NOTHING, connections: 2 },
      { ...NOTHING, generation: 8 },
    ]);
  });

  it('sends no report while nothing changes', async () => {
    worker.source.countConnection(7, 1);
    await vi.advanceTimersByTimeAsync(REPORTED_MS);
    await vi.advanceTimersByTimeAsync(10 * REPORTED_MS);
    expect(worker.sent).toHaveLength(1);
  });

  it('knows which instances are registered', () => {
    worker.source.register('web:acme', true);
    expect(worker.source.has('web:acme')).toBe(true);
    worker.source.register('web:acme', false);
    expect(worker.source.has('web:acme')).toBe(false);
  });
});
