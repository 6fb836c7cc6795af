import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TenantLocks } from '../../../src/supervisor/tenants/tenant-locks.ts';
import { settle } from '../fakes.ts';

describe('operations on tenants', () => {
  it('of one tenant run one at a time, in the order of their requests; those of others continue', async () => {
    const asked = fc.array(fc.record({ tenantId: fc.constantFrom('acme', 'globex'), fails: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), asked, async (scheduler, operations) => {
        const locks = new TenantLocks();
        const under = new Map<string, number>();
        const done: number[] = [];
        const results = operations.map(({ tenantId, fails }, index) =>
          locks.withTenant(tenantId, async () => {
            under.set(tenantId, (under.get(tenantId) ?? 0) + 1);
            expect(under.get(tenantId)).toBe(1);
            await scheduler.schedule(Promise.resolve());
            under.set(tenantId, 0);
            done.push(index);
            if (fails) throw new Error(`${index}`);
            return index;
          }),
        );
        const [, outcomes] = await Promise.all([scheduler.waitIdle(), Promise.allSettled(results)]);
        const ends = outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message));
        expect(ends).toEqual(operations.map(({ fails }, index) => (fails ? `${index}` : index)));
        for (const tenant of ['acme', 'globex']) {
          const its = done.filter((index) => operations[index]?.tenantId === tenant);
          expect(its).toEqual(its.toSorted((a, b) => a - b));
        }
        await locks.settled();
      }),
      { numRuns: 50 },
    );
  });

  it('begin in the same step when none is under way', () => {
    let begun = false;
    void new TenantLocks().withTenant('acme', async () => {
      begun = true;
    });
    expect(begun).toBe(true);
  });

  it('do not wait for those of another tenant', async () => {
    const locks = new TenantLocks();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = locks.withTenant('acme', () => promise);
    expect(await locks.withTenant('globex', async () => 'done')).toBe('done');
    resolve();
    await slow;
  });

  it('are all awaited, also those that begin meanwhile', async () => {
    const locks = new TenantLocks();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    let isSettled = false;
    void locks.withTenant('acme', () => first.promise);
    void locks.settled().then(() => {
      isSettled = true;
    });
    void locks.withTenant('acme', () => second.promise);
    first.resolve();
    await settle();
    expect(isSettled).toBe(false);
    second.resolve();
    await settle();
    expect(isSettled).toBe(true);
  });
});
