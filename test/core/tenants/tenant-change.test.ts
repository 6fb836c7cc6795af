import { describe, expect, it } from 'vitest';
import { newTenant } from '../../../src/core/tenants/tenant.ts';
import { changedFields, changedTenant, differenceFrom } from '../../../src/core/tenants/tenant-change.ts';
import { planNamed } from '../../plans.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const CONTEXT = { plans: new Map([['pro', planNamed('pro')]]), nowMs: NOW };
const acme = { ...newTenant('acme', 0), plan: 'pro', labels: { region: 'eu' }, env: { A: '1', B: '2' } };

describe('a change of a tenant', () => {
  it('sets what it names, removes what it names with null, and keeps the rest', () => {
    const changed = changedTenant(
      acme,
      { plan: null, expires: '1h', labels: { tier: 'gold', region: null }, env: { A: null, __proto__x: '3' } },
      CONTEXT,
    );
    expect(changed).toEqual({
      ...acme,
      plan: null,
      expiresAtMs: NOW + 3_600_000,
      labels: { tier: 'gold' },
      env: { B: '2', __proto__x: '3' },
    });
    expect(changedFields(acme, changed)).toEqual(['plan', 'expires', 'labels', 'env']);
  });

  it('in which nothing differs changes nothing', () => {
    const same = changedTenant(acme, { plan: 'pro', labels: { region: 'eu', tier: null }, env: { A: '1' } }, CONTEXT);
    expect(changedFields(acme, same)).toEqual([]);
    expect(differenceFrom(acme, { plan: 'pro', labels: { region: 'eu' }, env: { B: '2' } })).toEqual([]);
    expect(differenceFrom(acme, { plan: 'free', labels: { region: 'us' }, env: { C: '1' } })).toEqual([
      'plan',
      'labels',
      'variables',
    ]);
  });

  it('to a plan that does not exist is refused, with the plans that do', () => {
    expect(() => changedTenant(acme, { plan: 'gold' }, CONTEXT)).toThrow(
      expect.objectContaining({ code: 'unknown_plan', hint: 'Plans in the config: pro.' }),
    );
  });

  it('to more labels than a tenant may have is refused', () => {
    const labels = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`l${index}`, '']));
    expect(() => changedTenant(acme, { labels }, CONTEXT)).toThrow(/at most 64, and these are 65/);
  });
});
