import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoanAccount, LoanGrant } from '../../src/core/quota/loan.ts';
import { BorrowedAllowances } from '../../src/workers/borrowed-allowances.ts';

const GRANT: LoanGrant = { tenantId: 'acme', epoch: 1, permits: 2, slots: 2, fromMs: null, untilMs: null };
const REFUSAL = { refused: 'rate_limited', retryAfterS: 1, holdsForMs: 50 } as const;

let told: [account: LoanAccount, isAnswer: boolean][];
let repeated: [tenantId: string, code: string, requests: number][];
let allowances: BorrowedAllowances;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  repeated = [];
  allowances = new BorrowedAllowances({
    account: (...account) => void told.push(account),
    repeated: (...refused) => void repeated.push(refused),
  });
});
afterEach(() => vi.useRealTimers());

describe('what a worker borrowed', () => {
  it('admits requests of its tenant without asking, and no more than that', () => {
    allowances.add(GRANT);
    expect([allowances.take('globex'), allowances.take('acme'), allowances.take('acme')].map(Boolean)).toEqual([
      false,
      true,
      true,
    ]);
    expect(allowances.take('acme')).toBeNull();
    expect(told).toEqual([]);
  });

  it('is accounted for before the server decides about a request', () => {
    allowances.report('web:acme');
    allowances.add(GRANT);
    allowances.take('acme');
    allowances.report('web:acme');
    expect(told).toEqual([[expect.objectContaining({ spent: 1, returned: 0 }), false]]);
  });

  it('is given back when it is recalled, and later as soon as it is free', () => {
    allowances.add(GRANT);
    const borrowed = allowances.take('acme');
    allowances.recall('acme');
    if (borrowed !== null) allowances.release(borrowed, null);
    expect(told).toEqual([
      [expect.objectContaining({ spent: 1, returned: 1, slotsReturned: 1 }), true],
      [expect.objectContaining({ slotsReturned: 2 }), false],
    ]);
  });

  it('is given back when it is not used for a while', () => {
    allowances.add(GRANT);
    vi.advanceTimersByTime(1000);
    allowances.take('acme');
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([[expect.objectContaining({ spent: 1, returned: 1 }), false]]);
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(1);
  });
});

it('a recall of a tenant that the worker has nothing of is answered', () => {
  allowances.recall('acme');
  expect(told).toEqual([[expect.objectContaining({ tenantId: 'acme', spent: 0, returned: 0 }), true]]);
});

describe('a refusal that holds', () => {
  beforeEach(() => allowances.note('web:acme', REFUSAL));

  it('is repeated for all requests of the tenant, until its time is over', () => {
    expect([allowances.refusal('api:acme'), allowances.refusal('web:globex')]).toEqual([REFUSAL, null]);
    vi.advanceTimersByTime(50);
    expect(allowances.refusal('web:acme')).toBeNull();
    expect(repeated).toEqual([['acme', 'rate_limited', 1]]);
  });

  it('is forgotten at a recall, because the plan may have changed', () => {
    allowances.recall('acme');
    expect(allowances.refusal('web:acme')).toBeNull();
  });

  it('is no other refusal, which the server decides about each time', () => {
    allowances.note('web:globex', { refused: 'stopped', retryAfterS: null });
    expect(allowances.refusal('web:globex')).toBeNull();
  });
});
