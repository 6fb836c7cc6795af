import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { ProcessMark, UsageStore } from '../../src/core/stores/usage-store.ts';
import { newTally } from '../../src/core/usage/tally.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createUsageStore } from '../../src/registry/usage.ts';

let store: UsageStore;
beforeEach(() => {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  store = createUsageStore(database);
});

const USED = {
  requests: 3,
  errors: 1,
  ingressBytes: 2 ** 40,
  egressBytes: 12,
  cpuSeconds: 0.25,
  awakeSeconds: 3600,
  memoryGbSeconds: 1.5,
  wakes: 2,
  storageBytes: 700,
};
const MARK: ProcessMark = {
  instance: 'api:acme',
  pid: 42,
  startTicks: 7,
  cpuSeconds: 0.5,
  memoryBytes: 1e9,
  bootId: 'boot',
  uptimeMs: 1234.5,
};

function write(change: Partial<Parameters<UsageStore['write']>[0]>): void {
  store.write({ rows: [], marks: [], ended: [], ...change });
}

test('keeps every meter of an hour', () => {
  write({ rows: [{ tenantId: 'acme', hour: 10, tally: USED }] });
  expect(store.read('acme', 10)).toEqual(USED);
  expect(store.read('acme', 11)).toBeNull();
  expect(store.read('other', 10)).toBeNull();
});

test('replaces an hour by its new totals, so that a repeated write changes nothing', () => {
  const rows = [{ tenantId: 'acme', hour: 10, tally: { ...USED, requests: 4 } }];
  write({ rows: [{ tenantId: 'acme', hour: 10, tally: USED }] });
  write({ rows });
  write({ rows });
  expect(store.read('acme', 10)?.requests).toBe(4);
});

test('sums the hours of one tenant from an hour on, apart from some, and takes the highest storage', () => {
  const tally = (requests: number, storageBytes: number) => ({ ...newTally(), requests, storageBytes });
  write({
    rows: [
      { tenantId: 'acme', hour: 9, tally: tally(1, 900) },
      { tenantId: 'acme', hour: 10, tally: tally(20, 200) },
      { tenantId: 'acme', hour: 11, tally: tally(300, 300) },
      { tenantId: 'acme', hour: 12, tally: tally(4000, 100) },
      { tenantId: 'other', hour: 11, tally: tally(50_000, 5000) },
    ],
  });
  expect(store.sum('acme', 10, [11])).toMatchObject({ requests: 4020, storageBytes: 200 });
  expect(store.sum('acme', 13, [])).toEqual(newTally());
});

test('keeps the marks of processes until they have ended', () => {
  write({ marks: [MARK, { ...MARK, instance: 'api:other', startTicks: null }] });
  write({ marks: [{ ...MARK, cpuSeconds: 0.75 }], ended: ['api:other'] });
  expect(store.marks()).toEqual([{ ...MARK, cpuSeconds: 0.75 }]);
});

test('writes the whole of a change or nothing', () => {
  const bad = { ...USED, requests: null } as unknown as typeof USED;
  const rows = [
    { tenantId: 'acme', hour: 10, tally: USED },
    { tenantId: 'acme', hour: 11, tally: bad },
  ];
  expect(() => write({ rows, marks: [MARK] })).toThrow('the registry cannot be written');
  expect([store.read('acme', 10), store.marks()]).toEqual([null, []]);
});
