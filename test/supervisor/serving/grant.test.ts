import { beforeEach, describe, expect, it } from 'vitest';
import type { GrantCounts, LeaseTarget } from '../../../src/core/admission/serving.ts';
import { CountedGrant, type GrantChange } from '../../../src/supervisor/serving/grant.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';

const TARGET = { instance: 'web:acme', generation: 7 } as Partial<LeaseTarget> as LeaseTarget;
const counts = (changes: Partial<GrantCounts> = {}): GrantCounts => ({
  requests: 0,
  streams: 0,
  total: 0,
  answered: 0,
  ...changes,
});

let inFlight: InstanceActivity;
let target: LeaseTarget;
let news: GrantChange[];
let ends: number;
let grant: CountedGrant;
beforeEach(() => {
  inFlight = new InstanceActivity(100, 0);
  target = TARGET;
  news = [];
  ends = 0;
  grant = new CountedGrant(() => target, inFlight, {
    onReported: (each) => news.push(each),
    onEnded: () => {
      ends += 1;
    },
  });
});

const open = () => [inFlight.requests, inFlight.streams, inFlight.total];

describe('a report', () => {
  it("replaces the worker's previous report", () => {
    grant.report(counts({ requests: 3, total: 3 }));
    expect(open()).toEqual([3, 0, 103]);
    grant.report(counts({ requests: 1, streams: 1, total: 4 }));
    expect(open()).toEqual([1, 1, 104]);
    grant.report(counts({ total: 4 }));
    expect(open()).toEqual([0, 0, 104]);
  });

  it('adds to what other workers count', () => {
    const other = new CountedGrant(() => target, inFlight, { onReported: () => {}, onEnded: () => {} });
    grant.report(counts({ requests: 3, total: 3 }));
    other.report(counts({ requests: 2, total: 2 }));
    grant.report(counts({ total: 3 }));
    expect(open()).toEqual([2, 0, 105]);
  });

  it('gives the changes since the previous one', () => {
    grant.report(counts({ requests: 1, total: 1, client: '192.0.2.1' }));
    grant.report(counts({ total: 1, answered: 1 }));
    grant.report(counts({ total: 1, answered: 1 }));
    expect(news).toEqual([
      { isActive: true, hasClaimed: true, hasAnswered: false, client: '192.0.2.1' },
      { isActive: true, hasClaimed: false, hasAnswered: true, client: null },
      { isActive: false, hasClaimed: false, hasAnswered: false, client: null },
    ]);
  });
});

describe('a grant that is revoked', () => {
  it('holds a drain until the worker has confirmed its last claims, and until those have ended', () => {
    let isDrained = false;
    grant.revoke();
    grant.revoke();
    inFlight.onDrained(() => {
      isDrained = true;
    });
    grant.report(counts({ total: 2 }));
    expect([isDrained, ends]).toEqual([false, 0]);
    grant.confirm(counts({ requests: 1, total: 3 }));
    expect([isDrained, ends]).toEqual([false, 0]);
    grant.report(counts({ total: 3, answered: 1 }));
    expect([isDrained, ends]).toEqual([true, 1]);
  });

  it('ends with a confirmation of nothing', () => {
    grant.revoke();
    grant.confirm(counts());
    expect(ends).toBe(1);
  });

  it('stays open while a stream is open', () => {
    grant.revoke();
    grant.confirm(counts({ streams: 1, total: 1 }));
    expect(ends).toBe(0);
    grant.report(counts({ total: 1 }));
    expect(ends).toBe(1);
  });
});

describe('a grant whose worker is lost', () => {
  it('has nothing open, keeps its total, and ends', () => {
    grant.report(counts({ requests: 2, streams: 1, total: 5, answered: 2 }));
    grant.lost();
    expect(open()).toEqual([0, 0, 105]);
    expect(news.at(-1)).toMatchObject({ hasClaimed: false, hasAnswered: false });
    expect(ends).toBe(1);
  });

  it('lets a drain continue that waited for its confirmation', () => {
    let isDrained = false;
    grant.revoke();
    inFlight.onDrained(() => {
      isDrained = true;
    });
    grant.lost();
    expect([isDrained, ends]).toEqual([true, 1]);
  });
});

describe('the target of a grant', () => {
  it('is the current one, also after a reload', () => {
    target = { ...TARGET, requestTimeoutMs: 5 };
    expect(grant.target.requestTimeoutMs).toBe(5);
  });
});
