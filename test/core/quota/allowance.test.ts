import { beforeEach, describe, expect, it } from 'vitest';
import type { Allowance } from '../../../src/core/quota/allowance.ts';
import { NO_POLICY, type QuotaPolicy } from '../../../src/core/quota/quota-policy.ts';
import { allowanceOf, MemoryLedger, perHour, Times } from './support.ts';

const HOUR_MS = 3_600_000;

let ledger: MemoryLedger;
let times: Times;
/** What is measured of meters other than requests. */
let measured: number;
beforeEach(() => {
  ledger = new MemoryLedger();
  times = new Times();
  measured = 0;
});

const make = (policy: Partial<QuotaPolicy>): Allowance => allowanceOf(policy, ledger, times, () => measured);
const cpu = { meter: 'cpu', limit: 10, period: 'hour' } as const;

/** Sends requests that end at once. Returns how many were admitted. */
function admitted(allowance: Allowance, requests: number): number {
  let count = 0;
  for (let sent = 0; sent < requests; sent += 1) {
    if (allowance.take() !== null) continue;
    count += 1;
    allowance.release('answered', allowance.epoch);
  }
  return count;
}

describe('a quota of requests', () => {
  it('admits so many in each period', () => {
    const allowance = make({ quotas: [perHour(250)] });
    expect(admitted(allowance, 300)).toBe(250);
    times.pass(HOUR_MS);
    expect(admitted(allowance, 300)).toBe(250);
  });

  it('gives a clock that goes back and forth no second allowance', () => {
    const allowance = make({ quotas: [perHour(250)] });
    expect(admitted(allowance, 300)).toBe(250);
    times.nowMs += 365 * 24 * HOUR_MS;
    expect(admitted(allowance, 100)).toBe(100);
    times.nowMs -= 365 * 24 * HOUR_MS;
    expect(admitted(allowance, 300)).toBe(0);
    times.nowMs += 365 * 24 * HOUR_MS;
    expect(admitted(allowance, 300)).toBeLessThanOrEqual(150);
  });

  it('refuses with the time until the period ends, and says so for a while without being asked', () => {
    const allowance = make({ quotas: [perHour(1)] });
    admitted(allowance, 1);
    times.pass(HOUR_MS - 500);
    expect(allowance.take()).toEqual({
      refused: 'quota_exceeded',
      retryAfterS: 1,
      rateLimit: { policy: '"requests";q=1;w=3600', limit: '"requests";r=0;t=1' },
      holdsForMs: 500,
    });
  });

  it('announces 80 and 100 per cent once in each period, also over a restart', () => {
    admitted(make({ quotas: [perHour(10)] }), 8);
    ledger.flush();
    expect(ledger.announced).toEqual(['acme requests 80']);
    admitted(make({ quotas: [perHour(10)] }), 5);
    ledger.flush();
    admitted(make({ quotas: [perHour(10)] }), 5);
    expect(ledger.announced).toEqual(['acme requests 80', 'acme requests 100']);
    times.pass(HOUR_MS);
    admitted(make({ quotas: [perHour(10)] }), 8);
    expect(ledger.announced).toHaveLength(3);
  });

  it('counts what was reserved before a crash as used, and no more after an orderly end', () => {
    const allowance = make({ quotas: [perHour(1000)] });
    admitted(allowance, 3);
    expect(make({ quotas: [perHour(1000)] }).current[0]?.count).toBe(10);
    const last = allowance.lastEntry();
    if (last !== null) ledger.write(last);
    expect(make({ quotas: [perHour(1000)] }).current[0]?.count).toBe(3);
  });

  it('reserves ahead, so that no request waits for a write', () => {
    const allowance = make({ quotas: [perHour(1000)] });
    admitted(allowance, 6);
    expect(ledger.writes).toBe(1);
    ledger.flush();
    admitted(allowance, 5);
    ledger.flush();
    expect(ledger.writes).toBe(3);
    expect(admitted(allowance, 5)).toBe(5);
    expect(ledger.writes).toBe(3);
  });

  it('refuses what it cannot count after a crash, until it can be written', () => {
    const allowance = make({ quotas: [perHour(1000)] });
    ledger.isLocked = true;
    expect(allowance.take()).toEqual({ refused: 'state_failed', retryAfterS: 1 });
    ledger.isLocked = false;
    expect(admitted(allowance, 1)).toBe(1);
  });

  it('refuses while it is unknown what was used, unless the plan only warns', () => {
    ledger.isUnreadable = true;
    expect(make({ quotas: [perHour(1000)] }).take()).toEqual({ refused: 'state_failed', retryAfterS: 1 });
    expect(make({ quotas: [perHour(1000)], overQuota: 'warn' }).take()).toBeNull();
  });

  it('gets a request back that was taken in vain, but not in another period', () => {
    const allowance = make({ quotas: [perHour(1)] });
    allowance.take();
    allowance.release('unsent', allowance.epoch);
    expect(admitted(allowance, 1)).toBe(1);
    times.pass(HOUR_MS);
    const { epoch } = allowance;
    expect(admitted(allowance, 1)).toBe(1);
    allowance.release('unsent', epoch);
    expect(admitted(allowance, 1)).toBe(0);
  });

  it('is served beyond the limit for as long as the grace lasts', () => {
    const allowance = make({ quotas: [perHour(2)], graceMs: 60_000 });
    times.pass(600_000);
    expect(admitted(allowance, 5)).toBe(5);
    times.pass(59_999);
    expect(admitted(allowance, 5)).toBe(5);
    times.pass(1);
    expect(admitted(allowance, 5)).toBe(0);
    times.nowMs -= 120_000;
    expect(admitted(allowance, 5)).toBe(0);
  });

  it('only warns if the plan says so, also while nothing can be written', () => {
    const allowance = make({ quotas: [perHour(2)], overQuota: 'warn' });
    ledger.isLocked = true;
    expect(admitted(allowance, 5)).toBe(5);
    expect(ledger.announced).toEqual(['acme requests 80', 'acme requests 100']);
    expect(allowance.isOver).toBe(false);
  });

  it('goes on under another plan with what was used', () => {
    const allowance = make({ quotas: [perHour(10)] });
    admitted(allowance, 10);
    expect(allowance.isOver).toBe(true);
    allowance.renew({ ...NO_POLICY, quotas: [perHour(15)] });
    expect(allowance.isOver).toBe(false);
    expect(admitted(allowance, 10)).toBe(5);
    allowance.renew({ ...NO_POLICY, quotas: [perHour(3)] });
    expect(admitted(allowance, 10)).toBe(0);
  });
});

describe('a measured quota', () => {
  it('refuses once the limit is reached, until the period ends', () => {
    const allowance = make({ quotas: [cpu] });
    expect(admitted(allowance, 1)).toBe(1);
    measured = 8.5;
    allowance.measure();
    expect(admitted(allowance, 1)).toBe(1);
    measured = 10;
    allowance.measure();
    expect(allowance.take()).toMatchObject({ refused: 'quota_exceeded', retryAfterS: 3600 });
    expect(ledger.announced).toEqual(['acme cpu 80', 'acme cpu 100']);
    measured = 0;
    times.pass(HOUR_MS);
    expect(admitted(allowance, 1)).toBe(1);
  });

  it('takes back what workers have when the limit is reached', () => {
    const allowance = make({ quotas: [cpu] });
    let recalls = 0;
    const loan = allowance.openLoan(() => {
      recalls += 1;
    });
    allowance.take();
    expect(loan.extend()?.permits).toBeGreaterThan(0);
    measured = 10;
    allowance.measure();
    expect([recalls, loan.extend()]).toEqual([1, null]);
  });
});

describe('a rate', () => {
  const rate = { requests: 10, perS: 1, burst: 20 };

  it('admits a burst, and later as many as the time allows', () => {
    const allowance = make({ rate });
    expect(admitted(allowance, 30)).toBe(20);
    expect(allowance.take()).toMatchObject({ refused: 'rate_limited', retryAfterS: 1, holdsForMs: 100 });
    times.pass(500);
    expect(admitted(allowance, 30)).toBe(5);
  });

  it('is not refilled by a clock that is set', () => {
    const allowance = make({ rate });
    admitted(allowance, 20);
    times.nowMs += 365 * 24 * HOUR_MS;
    expect(admitted(allowance, 30)).toBe(0);
  });

  it('spends nothing on a request that the quota refuses', () => {
    const allowance = make({ rate, quotas: [perHour(1)] });
    expect(admitted(allowance, 20)).toBe(1);
    allowance.renew({ ...NO_POLICY, rate });
    expect(admitted(allowance, 30)).toBe(19);
  });
});

describe('a limit of connections', () => {
  it('counts requests that are open, those that are sent again too', () => {
    const allowance = make({ maxConnections: 2, quotas: [perHour(3)] });
    expect([allowance.take(), allowance.secondTries.take()]).toEqual([null, null]);
    expect(allowance.take()).toMatchObject({ refused: 'rate_limited', retryAfterS: 1 });
    expect(allowance.secondTries.take()).toMatchObject({ refused: 'rate_limited' });
    allowance.secondTries.release('answered', allowance.secondTries.epoch);
    expect(admitted(allowance, 5)).toBe(2);
  });
});
