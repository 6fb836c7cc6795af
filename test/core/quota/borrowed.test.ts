import { describe, expect, it } from 'vitest';
import { Borrowed } from '../../../src/core/quota/borrowed.ts';
import type { LoanGrant } from '../../../src/core/quota/loan.ts';

const GRANT: LoanGrant = { tenantId: 'acme', epoch: 1, permits: 3, slots: null, fromMs: 1000, untilMs: 2000 };

function borrowing(change: Partial<LoanGrant> = {}): Borrowed {
  const borrowed = new Borrowed('acme');
  borrowed.add({ ...GRANT, ...change });
  return borrowed;
}

/** How many of five requests are admitted. */
const taken = (borrowed: Borrowed, nowMs = 1500) => [1, 2, 3, 4, 5].filter(() => borrowed.take(nowMs)).length;

describe('borrowed permits', () => {
  it('admit one request each', () => {
    expect(taken(borrowing())).toBe(3);
  });

  it.each([999, 2000])('do not hold outside of their period, as at %i ms', (nowMs) => {
    expect(taken(borrowing(), nowMs)).toBe(0);
  });

  it('are void when there are permits of another plan or period', () => {
    const borrowed = borrowing();
    borrowed.take(1500);
    borrowed.add({ ...GRANT, epoch: 2, permits: 1 });
    expect(borrowed.account()).toMatchObject({ epoch: 2, spent: 0, returned: 0 });
    expect(taken(borrowed)).toBe(1);
  });

  it('are usable again after a request that was taken in vain, unless they are void by then', () => {
    const borrowed = borrowing({ permits: 1 });
    borrowed.take(1500);
    borrowed.release(1);
    expect(taken(borrowed)).toBe(1);
    borrowed.add({ ...GRANT, epoch: 2, permits: 0 });
    borrowed.release(1);
    expect(taken(borrowed)).toBe(0);
  });

  it('are given back when they are recalled', () => {
    const borrowed = borrowing();
    borrowed.take(1500);
    expect(borrowed.settle()).toMatchObject({ spent: 1, returned: 2 });
    expect(taken(borrowed)).toBe(0);
  });
});

describe('borrowed slots', () => {
  it('admit so many requests at once', () => {
    const borrowed = borrowing({ slots: 2 });
    expect(taken(borrowed)).toBe(2);
    expect(borrowed.release(null)).toBe(false);
    expect(taken(borrowed)).toBe(1);
  });

  it('are given back after a recall as soon as they are free', () => {
    const borrowed = borrowing({ slots: 2 });
    borrowed.take(1500);
    expect(borrowed.settle()).toMatchObject({ slotsReturned: 1 });
    expect(borrowed.release(null)).toBe(true);
    expect(borrowed.account()).toMatchObject({ slotsReturned: 2 });
  });

  it('are given back when requests need none any more', () => {
    const borrowed = borrowing({ slots: 2 });
    borrowed.add(GRANT);
    expect(borrowed.account()).toMatchObject({ slotsReturned: 2 });
    expect(taken(borrowed)).toBe(5);
  });
});
