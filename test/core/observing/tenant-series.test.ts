import { describe, expect, test } from 'vitest';
import { CounterSums, TenantSeries } from '../../../src/core/observing/tenant-series.ts';

describe('series of tenants', () => {
  test('as many tenants as there are places have their own, the others share one', () => {
    const series = new TenantSeries(2);
    series.begin();
    expect(['b', 'a', 'c', 'b'].map((tenant) => series.labelOf(tenant))).toEqual(['b', 'a', '_other', 'b']);
  });

  test('a tenant keeps its place until it is gone', () => {
    const series = new TenantSeries(1);
    series.begin();
    series.labelOf('a');
    series.begin();
    expect(['b', 'a'].map((tenant) => series.labelOf(tenant))).toEqual(['_other', 'a']);
    series.begin();
    expect(series.labelOf('b')).toBe('_other');
    series.begin();
    expect(series.labelOf('b')).toBe('b');
  });

  test('without places there is no label', () => {
    const series = new TenantSeries(0);
    series.begin();
    expect(series.labelOf('a')).toBeNull();
  });
});

describe('sums of counters', () => {
  const walk = (sums: CounterSums, counters: Record<string, number>) => {
    sums.begin();
    for (const [key, value] of Object.entries(counters)) sums.add('all', key, value);
    return Object.fromEntries(sums.entries);
  };

  test('a sum does not fall when one of its counters is gone', () => {
    const sums = new CounterSums();
    expect(walk(sums, { a: 5, b: 3 })).toEqual({ all: 8 });
    expect(walk(sums, { b: 4 })).toEqual({ all: 9 });
    expect(walk(sums, { b: 4, a: 1 })).toEqual({ all: 10 });
  });

  test('a counter that begins anew adds what it has counted since', () => {
    const sums = new CounterSums();
    walk(sums, { a: 5 });
    expect(walk(sums, { a: 2 })).toEqual({ all: 7 });
  });
});
