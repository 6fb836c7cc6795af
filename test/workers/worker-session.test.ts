import { beforeEach, describe, expect, it } from 'vitest';
import type { Admission, Grant, GrantCounts, GrantSource, Lease } from '../../src/core/admission/serving.ts';
import { Traffic, trafficNow } from '../../src/core/usage/traffic.ts';
import { silentLogger } from '../../src/logger.ts';
import type { FromWorker, ToWorker } from '../../src/workers/protocol.ts';
import { WorkerSession } from '../../src/workers/worker-session.ts';
import { NOTHING, TARGET } from './fixtures.ts';

/** A grant that records its calls. */
class FakeGrant implements Grant {
  target = TARGET;
  isRevoked = false;
  readonly told: [how: string, counts: GrantCounts | null][] = [];

  onTargetChanged: () => void = () => {};

  onChanged(listener: () => void): void {
    this.onTargetChanged = listener;
  }

  report(counts: GrantCounts): void {
    this.told.push(['report', counts]);
  }

  confirm(counts: GrantCounts): void {
    this.told.push(['confirm', counts]);
  }

  lost(): void {
    this.told.push(['lost', null]);
  }
}

/** The supervisor: leases of one process, granted when the test says so. */
class FakeSource implements Partial<GrantSource> {
  readonly leases: { released: (string | undefined)[]; streams: number }[] = [];
  readonly claims: { signal: AbortSignal; answer: (claim: Admission) => void; arguments: unknown[] }[] = [];
  readonly connections = new Map<number, number>();
  readonly traffic = new Traffic();
  granted: FakeGrant | null = new FakeGrant();

  claim(...asked: Parameters<GrantSource['claim']>): Promise<Admission> {
    const { promise, resolve } = Promise.withResolvers<Admission>();
    this.claims.push({ signal: asked[1], answer: resolve, arguments: [asked[0], asked[2], asked[3]] });
    return promise;
  }

  grant(): Grant | null {
    return this.granted;
  }

  countConnection(generation: number, change: 1 | -1): void {
    this.connections.set(generation, (this.connections.get(generation) ?? 0) + change);
  }

  lease(heldMs: number | null = null): Lease {
    const kept = { released: [] as (string | undefined)[], streams: 0 };
    this.leases.push(kept);
    return {
      ...TARGET,
      heldMs,
      traffic: this.traffic,
      becomeStream: () => {
        kept.streams += 1;
      },
      release: (outcome) => void kept.released.push(outcome),
    };
  }
}

let source: FakeSource;
let sent: ToWorker[];
let session: WorkerSession;
beforeEach(() => {
  source = new FakeSource();
  sent = [];
  session = new WorkerSession(source as Partial<GrantSource> as GrantSource, silentLogger(), (message) =>
    sent.push(message),
  );
});

const claim = (id: number, more: Partial<Extract<FromWorker, { type: 'claim' }>> = {}): void =>
  session.receive({ type: 'claim', id, instance: 'web:acme', client: null, ...more });

/** Answers the `index`-th claim as the supervisor, and informs the worker. */
async function answer(index: number, with_: Admission = source.lease()): Promise<void> {
  source.claims[index]?.answer(with_);
  await new Promise(setImmediate);
}

async function leased(id: number): Promise<void> {
  claim(id);
  await answer(source.claims.length - 1);
}

describe('a claim of a worker', () => {
  it('is made for its client, also as a second try, and answered with a lease and a grant', async () => {
    const again = { request: 'GET /', generation: 6 };
    claim(3, { client: '192.0.2.1', again });
    expect(source.claims[0]?.arguments).toEqual(['web:acme', again, { client: '192.0.2.1' }]);
    await answer(0, source.lease(40));
    expect(sent).toEqual([{ type: 'lease', id: 3, lease: { ...TARGET, heldMs: 40 }, granted: true, loan: null }]);
  });

  it('is answered with the refusal', async () => {
    claim(3);
    await answer(0, { refused: 'stopped', retryAfterS: 2 });
    expect(sent).toEqual([{ type: 'refusal', id: 3, refusal: { refused: 'stopped', retryAfterS: 2 } }]);
  });

  it('is refused when the supervisor throws, instead of staying unanswered', async () => {
    source.claim = () => Promise.reject(new Error('unexpected'));
    claim(3);
    await new Promise(setImmediate);
    expect(sent).toEqual([{ type: 'refusal', id: 3, refusal: { refused: 'internal', retryAfterS: null } }]);
  });

  it('is aborted when its client leaves, and no other with it', () => {
    claim(3);
    claim(4);
    session.receive({ type: 'abort', id: 3 });
    expect(source.claims.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  });

  it('grants nothing while the process is not ready, or has been replaced', async () => {
    source.granted = null;
    await leased(3);
    source.granted = new FakeGrant();
    source.granted.target = { ...TARGET, generation: 8 };
    await leased(4);
    expect(sent).toMatchObject([{ granted: false }, { granted: false }]);
  });

  it('grants nothing again while requests of a grant that has ended are open', async () => {
    await leased(3);
    const grant = source.granted as FakeGrant;
    grant.isRevoked = true;
    session.receive({ type: 'confirm', share: { ...NOTHING, requests: 1, total: 1 } });
    source.granted = new FakeGrant();
    await leased(4);
    session.receive({ type: 'report', shares: [{ ...NOTHING, total: 1 }] });
    await leased(5);
    expect(sent).toMatchObject([{ granted: true }, { granted: false }, { granted: true }]);
  });

  it('holds its lease until the worker releases it, with the outcome', async () => {
    await leased(3);
    session.receive({ type: 'stream', id: 3 });
    expect(source.leases).toEqual([{ streams: 1, released: [] }]);
    session.receive({ type: 'release', id: 3, outcome: 'answered' });
    session.receive({ type: 'release', id: 3 });
    expect(source.leases).toEqual([{ streams: 1, released: ['answered'] }]);
  });

  it('ignores messages about unknown leases', () => {
    for (const type of ['abort', 'stream', 'release'] as const) session.receive({ type, id: 99 });
    expect(sent).toEqual([]);
  });
});

describe('the counts of a worker', () => {
  it('go to the grant of their process, reports and confirmations', async () => {
    await leased(3);
    const share = { ...NOTHING, requests: 1, total: 4, answered: 3 };
    session.receive({ type: 'report', shares: [share] });
    session.receive({ type: 'confirm', share });
    expect(source.granted?.told).toEqual([
      ['report', share],
      ['confirm', share],
    ]);
  });

  it('belong to one grant for each process, however many leases it has', async () => {
    await leased(3);
    const first = source.granted;
    source.granted = new FakeGrant();
    await leased(4);
    session.receive({ type: 'report', shares: [NOTHING] });
    expect(first?.told).toHaveLength(1);
  });

  it('of a retired process are accepted until nothing of it is open', async () => {
    await leased(3);
    const grant = source.granted;
    session.receive({ type: 'confirm', share: { ...NOTHING, requests: 1, total: 1 } });
    session.receive({ type: 'report', shares: [{ ...NOTHING, total: 1, answered: 1, connections: 1 }] });
    session.receive({ type: 'report', shares: [{ ...NOTHING, total: 1, answered: 1 }] });
    session.receive({ type: 'report', shares: [{ ...NOTHING, total: 9 }] });
    expect(grant?.told.map(([, counts]) => counts?.total)).toEqual([1, 1, 1]);
  });

  it("change the server's connection count by the difference from the last report", () => {
    for (const connections of [3, 1, 2]) session.receive({ type: 'report', shares: [{ ...NOTHING, connections }] });
    session.receive({ type: 'report', shares: [{ ...NOTHING, generation: 8, connections: 5 }] });
    expect([...source.connections]).toEqual([
      [7, 2],
      [8, 5],
    ]);
  });
});

describe('a grant whose target changes', () => {
  it('is announced to the worker', async () => {
    await leased(3);
    if (source.granted !== null) source.granted.target = { ...TARGET, requestTimeoutMs: 5 };
    source.granted?.onTargetChanged();
    expect(sent.at(-1)).toEqual({ type: 'target', target: { ...TARGET, requestTimeoutMs: 5 } });
  });
});

describe('reported traffic', () => {
  const once = { requests: 1, errors: 0, ingressBytes: 100, egressBytes: 2000 };
  const twice = { requests: 2, errors: 0, ingressBytes: 200, egressBytes: 4000 };

  it('is added to that of the process once, although each report has the total', async () => {
    await leased(3);
    for (const traffic of [once, once, twice]) session.receive({ type: 'report', shares: [{ ...NOTHING, traffic }] });
    session.receive({ type: 'confirm', share: { ...NOTHING, traffic: twice } });
    expect(trafficNow(source.traffic)).toEqual(twice);
  });

  it('that a worker sent before its end is added after it, and nothing else', async () => {
    await leased(3);
    session.receive({ type: 'report', shares: [{ ...NOTHING, traffic: once }] });
    session.close();
    session.receive({ type: 'report', shares: [{ ...NOTHING, traffic: twice, connections: 4 }] });
    expect(trafficNow(source.traffic)).toEqual(twice);
    expect([...source.connections]).toEqual([]);
  });

  it('of a lease is added after its process is retired, until the lease is released', async () => {
    await leased(3);
    session.receive({ type: 'confirm', share: NOTHING });
    session.receive({ type: 'report', shares: [{ ...NOTHING, traffic: once }] });
    session.receive({ type: 'release', id: 3 });
    session.receive({ type: 'report', shares: [{ ...NOTHING, traffic: twice }] });
    expect(trafficNow(source.traffic)).toEqual(once);
  });
});

describe('a worker that is gone', () => {
  it('holds nothing: its leases are released, its grants lost, its connections subtracted', async () => {
    await leased(3);
    await leased(4);
    session.receive({ type: 'report', shares: [{ ...NOTHING, requests: 2, total: 2, connections: 3 }] });
    session.close();
    expect(source.leases.map(({ released }) => released)).toEqual([[undefined], [undefined]]);
    expect(source.granted?.told.at(-1)).toEqual(['lost', null]);
    expect([...source.connections]).toEqual([[7, 0]]);
  });

  it('aborts its held claims, and releases a lease that is still granted', async () => {
    claim(3);
    session.close();
    expect(source.claims[0]?.signal.aborted).toBe(true);
    await answer(0);
    expect(source.leases).toEqual([{ streams: 0, released: ['unsent'] }]);
    expect(sent).toEqual([]);
  });

  it('is no longer listened to: its pending messages have no effect', async () => {
    await leased(3);
    session.close();
    session.receive({ type: 'report', shares: [{ ...NOTHING, connections: 4 }] });
    claim(5);
    expect(source.claims).toHaveLength(1);
    expect([...source.connections]).toEqual([]);
  });
});
