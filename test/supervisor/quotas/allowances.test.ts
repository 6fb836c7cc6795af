import { beforeEach, describe, expect, it } from 'vitest';
import type { Quota } from '../../../src/core/quota/quota.ts';
import { NO_POLICY, type QuotaPolicy } from '../../../src/core/quota/quota-policy.ts';
import { type NewEvent, numbered } from '../../../src/core/stores/event-log.ts';
import { silentLogger } from '../../../src/logger.ts';
import { Allowances } from '../../../src/supervisor/quotas/allowances.ts';
import { FakeQuotas } from '../fake-quotas.ts';
import { FakeClock } from '../fakes.ts';

const requests = (limit: number): Quota => ({ meter: 'requests', limit, period: 'month' });

let clock: FakeClock;
let store: FakeQuotas;
let events: NewEvent[];
let policy: QuotaPolicy | null;
let grow: (tenantId: string) => void;
/** What the meter of egress shows. */
let bytes: number;
let allowances: Allowances;

beforeEach(() => {
  clock = new FakeClock();
  store = new FakeQuotas();
  events = [];
  policy = { ...NO_POLICY, quotas: [requests(100)] };
  bytes = 0;
  allowances = make();
});

function make(): Allowances {
  return new Allowances({
    store,
    clock,
    logger: silentLogger(),
    events: { append: (event) => numbered(events.push(event), event) },
    policyOf: () => policy,
    steadyMs: () => clock.nowMs(),
    totals: {
      total: (_tenantId, meter) => (meter === 'egressBytes' ? bytes : 0),
      onGrowth: (listener) => {
        grow = listener;
      },
    },
  });
}

const take = (count: number) => Array.from({ length: count }, () => allowances.of('acme')?.take() ?? null);
const reserved = () => Array.from(store.entries.values(), (entry) => entry.reserved);

describe('the allowances of tenants', () => {
  it('are shared by all instances of one', () => {
    expect(allowances.of('acme')).toBe(allowances.of('acme'));
    expect(allowances.of('acme')).not.toBe(allowances.of('globex'));
  });

  it('are none under a plan that bounds nothing, and know what was used when one does again', () => {
    take(100);
    policy = null;
    expect([allowances.of('acme'), allowances.isOverQuota('acme'), allowances.quotasOf('acme')]).toEqual([
      null,
      false,
      [],
    ]);
    policy = { ...NO_POLICY, quotas: [requests(100)] };
    expect(allowances.isOverQuota('acme')).toBe(true);
  });

  it('begin anew for another tenant of the same name', async () => {
    take(100);
    allowances.forget('acme');
    store.entries.clear();
    await clock.advance(10_000);
    expect(allowances.quotasOf('acme')).toMatchObject([{ used: 0 }]);
  });

  it('show how much of each quota is used, and until when', () => {
    take(3);
    expect(allowances.quotasOf('acme')).toEqual([
      { meter: 'requests', used: 3, limit: 100, period: 'month', resetsAtMs: Date.UTC(1970, 1) },
    ]);
  });

  it('announce a quota in the event log of their tenant', () => {
    take(80);
    expect(events).toMatchObject([
      {
        type: 'quota-80',
        tenant: 'acme',
        instance: null,
        message: '80 % of its quota of requests for this month are used',
        data: { meter: 'requests', limit: 100, period: 'month' },
      },
    ]);
  });

  it('follow what is measured', () => {
    policy = { ...NO_POLICY, quotas: [{ meter: 'egress', limit: 1000, period: 'month' }] };
    expect(take(1)).toEqual([null]);
    bytes = 1000;
    grow('acme');
    expect(take(1)).toMatchObject([{ refused: 'quota_exceeded' }]);
    expect(allowances.isOverQuota('acme')).toBe(true);
  });
});

describe('what is used of quotas', () => {
  it('is reserved before it is used, and ahead of its use soon after', async () => {
    take(1);
    expect(reserved()).toEqual([1]);
    await clock.advance(100);
    expect(reserved()).toEqual([2]);
  });

  it('is written to the unit at the end', () => {
    policy = { ...NO_POLICY, quotas: [requests(1000)] };
    take(3);
    expect(reserved()).toEqual([10]);
    allowances.close();
    expect(reserved()).toEqual([3]);
  });

  it('is tried again when it could not be written', async () => {
    policy = { ...NO_POLICY, quotas: [requests(1000)] };
    take(6);
    store.failure = new Error('disk full');
    await clock.advance(100);
    expect(reserved()).toEqual([10]);
    store.failure = null;
    await clock.advance(1000);
    expect(reserved()).toEqual([16]);
  });
});
