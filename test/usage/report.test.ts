import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { UsageReader } from '../../src/core/stores/usage-store.ts';
import { hourOf } from '../../src/core/usage/hours.ts';
import { newTally } from '../../src/core/usage/tally.ts';
import type { UsageFace } from '../../src/core/usage/usage-face.ts';
import type { UsageInput } from '../../src/core/usage/usage-query.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createHookStore } from '../../src/registry/hooks.ts';
import { createUsageReader, createUsageStore } from '../../src/registry/usage.ts';
import { usageReport } from '../../src/usage/report.ts';

const NOW_MS = Date.UTC(2026, 10, 27, 18, 30);

let report: Pick<UsageFace, 'page'>;
/** How many months were summed. */
let sums: number;
let used: (tenantId: string, at: string, requests: number, storageBytes?: number) => void;
beforeEach(() => {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  const store = createUsageStore(database);
  const reader = createUsageReader(database);
  sums = 0;
  const whole: UsageReader['whole'] = (...asked) => {
    sums += 1;
    return reader.whole(...asked);
  };
  report = usageReport({ ...reader, whole }, { nowMs: () => NOW_MS });
  used = (tenantId, at, requests, storageBytes = 0) => {
    const hour = hourOf(Date.parse(`${at}:00:00Z`));
    store.write({ rows: [{ tenantId, hour, tally: { ...newTally(), requests, storageBytes } }], marks: [], ended: [] });
  };
  used('acme', '2026-10-31T23', 1);
  used('acme', '2026-11-01T00', 20, 500);
  used('acme', '2026-11-01T01', 300, 700);
  used('acme', '2026-11-27T18', 4000, 600);
  used('globex', '2026-11-02T05', 7);
});

/** Rows as text, page by page. */
async function pages(input: UsageInput, sees?: (tenantId: string) => boolean): Promise<string[][]> {
  const all: string[][] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const { usage, next } = await report.page(after === undefined ? input : { ...input, after }, sees);
    all.push(usage.map(({ tenant, period, requests }) => `${tenant} ${period} ${requests}`));
    after = next;
  }
  return all;
}

test('sums by month, for every tenant', async () => {
  expect(await pages({})).toEqual([['acme 2026-11 4320', 'globex 2026-11 7']]);
  expect(await pages({ from: '2026-01' })).toEqual([['acme 2026-10 1', 'acme 2026-11 4320', 'globex 2026-11 7']]);
});

test('sums by day, and takes the highest storage', async () => {
  expect(await pages({ by: 'day' })).toEqual([['acme 2026-11-01 320', 'acme 2026-11-27 4000', 'globex 2026-11-02 7']]);
  const { usage } = await report.page({ by: 'day', tenant: 'acme' });
  expect(usage.map(({ storageBytes }) => storageBytes)).toEqual([700, 600]);
});

test('lists the hours of one tenant', async () => {
  expect(await pages({ by: 'hour', tenant: 'acme', to: '2026-11-02T00' })).toEqual([
    ['acme 2026-11-01T00 20', 'acme 2026-11-01T01 300'],
  ]);
  expect(await pages({ tenant: 'nobody' })).toEqual([[]]);
});

test.each(['hour', 'day', 'month'] as const)('gives the same rows by %s in pages of any size', async (by) => {
  const input = { by, from: '2026-10' };
  const [whole] = await pages(input);
  for (const limit of [1, 2, 3, 4]) {
    const split = await pages({ ...input, limit });
    expect(split.flat()).toEqual(whole);
    expect(split.slice(0, -1).every((page) => page.length === limit)).toBe(true);
  }
});

test('leaves out tenants that the asker may not see', async () => {
  expect(await pages({ limit: 1 }, (tenantId) => tenantId === 'globex')).toEqual([['globex 2026-11 7']]);
});

test('reads no month in which nothing was used', async () => {
  expect(await pages({ from: '1970-01', to: '9999-12', tenant: 'acme' })).toEqual([
    ['acme 2026-10 1', 'acme 2026-11 4320'],
  ]);
  expect(sums).toBe(2);
});

test('takes the highest value of each meter that hooks have measured in a period', async () => {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  const usage = createUsageStore(database);
  const hooks = createHookStore(database);
  const reading = usageReport(createUsageReader(database), { nowMs: () => NOW_MS });
  const key = { tenantId: 'acme', service: 'api', hook: 'db' };
  for (const [at, bytes] of [
    ['2026-11-01T00', 500],
    ['2026-11-01T01', 300],
    ['2026-11-02T00', 100],
  ] as const) {
    const atMs = Date.parse(`${at}:00:00Z`);
    usage.write({ rows: [{ tenantId: 'acme', hour: hourOf(atMs), tally: newTally() }], marks: [], ended: [] });
    hooks.measured({ ...key, atMs, values: new Map([['databaseBytes', bytes]]) });
  }
  const metersBy = async (by: 'day' | 'month') => (await reading.page({ by })).usage.map(({ meters }) => meters);
  expect(await metersBy('day')).toEqual([{ databaseBytes: 500 }, { databaseBytes: 100 }]);
  expect(await metersBy('month')).toEqual([{ databaseBytes: 500 }]);
});
