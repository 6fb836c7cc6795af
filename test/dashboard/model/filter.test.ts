import { describe, expect, it } from 'vitest';
import { commonLabels, filterOf, matchingInstances, matchingTenants } from '../../../src/dashboard/model/filter.ts';
import { rowsOf } from '../../../src/dashboard/model/rows.ts';
import { instanceRow, tenantRow } from './rows-support.ts';

const rows = rowsOf({
  tenants: [
    tenantRow('acme', { plan: 'pro', labels: { tier: 'gold', region: 'eu' } }),
    tenantRow('globex', { plan: 'free', state: 'over_quota', labels: { tier: 'gold' } }),
    tenantRow('initech', { plan: 'free' }),
  ],
  instances: [
    instanceRow('api:acme', { state: 'ready' }),
    instanceRow('web:acme'),
    instanceRow('api:globex', { state: 'failed', reason: 'Crashed 4 times' }),
    instanceRow('api:initech'),
    instanceRow('api:unlisted'),
  ],
});
const instances = (query: string) =>
  matchingInstances(rows, filterOf(new URLSearchParams(query))).map(({ instance }) => instance);
const tenants = (query: string) => matchingTenants(rows, filterOf(new URLSearchParams(query))).map(({ id }) => id);

describe('matchingInstances', () => {
  it('finds all without a filter, also those whose tenant is not visible', () => {
    expect(instances('')).toHaveLength(5);
  });

  it('finds by a part of the name, in any case', () => {
    expect(instances('q=ACM')).toEqual(['api:acme', 'web:acme']);
    expect(instances('q=api:acme')).toEqual(['api:acme']);
  });

  it('finds by the reason, the plan and labels of the tenant', () => {
    expect(instances('q=crashed')).toEqual(['api:globex']);
    expect(instances('q=pro')).toEqual(['api:acme', 'web:acme']);
    expect(instances('q=region=eu')).toEqual(['api:acme', 'web:acme']);
  });

  it('wants all words', () => {
    expect(instances('q=gold crashed')).toEqual(['api:globex']);
    expect(instances('q=gold nothing')).toEqual([]);
  });

  it('filters by state, service, plan and label at once', () => {
    expect(instances('state=ready')).toEqual(['api:acme']);
    expect(instances('service=web')).toEqual(['web:acme']);
    expect(instances('plan=free')).toEqual(['api:globex', 'api:initech']);
    expect(instances('label=tier')).toEqual(['api:acme', 'web:acme', 'api:globex']);
    expect(instances('label=tier=gold&state=failed')).toEqual(['api:globex']);
    expect(instances('label=tier=silver')).toEqual([]);
  });
});

describe('matchingTenants', () => {
  it('filters by the same words', () => {
    expect(tenants('q=gold')).toEqual(['acme', 'globex']);
    expect(tenants('state=over_quota')).toEqual(['globex']);
    expect(tenants('plan=free&q=init')).toEqual(['initech']);
  });

  it('finds by a label that has changed', () => {
    const changing = rowsOf({ tenants: [tenantRow('acme', { labels: { tier: 'gold' } })], instances: [] });
    const found = () => matchingTenants(changing, filterOf(new URLSearchParams('q=silver'))).length;
    expect(found()).toBe(0);
    changing.tenants.set('acme', tenantRow('acme', { labels: { tier: 'silver' } }));
    expect(found()).toBe(1);
  });

  it('has no own meaning for names of what every object has', () => {
    expect(tenants('label=constructor')).toEqual([]);
  });
});

it('suggests the most common labels first', () => {
  expect(commonLabels(rows, 1)).toEqual(['tier=gold']);
});
