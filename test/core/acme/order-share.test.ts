import { describe, expect, it } from 'vitest';
import { HOUR_MS, OrderShare } from '../../../src/core/acme/order-share.ts';

/** Begins orders in turn as long as they are allowed. Returns how many each tenant got. */
function begunBy(share: OrderShare, tenants: readonly string[], perHour: number, isAlone = false): number[] {
  return tenants.map((tenantId) => {
    let count = 0;
    while (share.allows(tenantId, { perHour, isAlone, nowMs: 0 })) {
      share.add({ tenantId, atMs: 0 });
      count += 1;
    }
    return count;
  });
}

describe('the orders of an hour', () => {
  it('a tenant with any number of domains leaves half of what is left to others', () => {
    expect(begunBy(new OrderShare([]), ['a', 'b', 'c', 'd', 'e'], 20)).toEqual([10, 5, 3, 1, 1]);
  });

  it('the only tenant gets all of them', () => {
    expect(begunBy(new OrderShare([]), ['a'], 20, true)).toEqual([20]);
  });

  it('one an hour is for whoever comes first', () => {
    expect(begunBy(new OrderShare([]), ['a', 'b'], 1)).toEqual([1, 0]);
  });

  it('orders of an earlier server count, those of an hour ago and of a future do not', () => {
    const begun = [-HOUR_MS, -HOUR_MS + 1, HOUR_MS].map((atMs) => ({ tenantId: null, atMs }));
    const share = new OrderShare(begun);
    expect(share.allows(null, { perHour: 1, isAlone: false, nowMs: 0 })).toBe(false);
    expect(share.allows(null, { perHour: 2, isAlone: false, nowMs: 0 })).toBe(true);
    expect(share.nextAtMs(0)).toBe(1);
  });

  it('orders that are about to begin count', () => {
    const bounds = { perHour: 4, isAlone: false, nowMs: 0 };
    expect(new OrderShare([]).allows('a', { ...bounds, reserved: ['a'] })).toBe(true);
    expect(new OrderShare([]).allows('a', { ...bounds, reserved: ['a', 'a'] })).toBe(false);
    expect(new OrderShare([]).allows('b', { ...bounds, reserved: ['a', 'a', null, null] })).toBe(false);
  });
});
