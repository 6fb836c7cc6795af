import { beforeEach, expect, test } from 'vitest';
import { HOUR_MS } from '../../../src/core/usage/hours.ts';
import { UsageLedger } from '../../../src/core/usage/ledger.ts';
import { memoryStore } from './support.ts';

const HOUR = 500_000;

let store = memoryStore();
let ledger = new UsageLedger(store);

beforeEach(() => {
  store = memoryStore();
  ledger = new UsageLedger(store);
});

function flush(): void {
  store.write({ rows: ledger.takeChanged(), marks: [], ended: [] });
}

test('totals what was counted but not written yet', () => {
  ledger.add('acme', HOUR, { requests: 2 });
  ledger.add('acme', HOUR + 1, { requests: 3 });
  expect(ledger.total('acme', 'requests', HOUR * HOUR_MS)).toBe(5);
  expect(ledger.total('acme', 'requests', (HOUR + 1) * HOUR_MS)).toBe(3);
  expect(ledger.total('other', 'requests', 0)).toBe(0);
});

test('continues an hour that an earlier server has counted', () => {
  ledger.add('acme', HOUR, { requests: 2 });
  flush();
  const next = new UsageLedger(store);
  expect(next.total('acme', 'requests', 0)).toBe(2);
  next.add('acme', HOUR, { requests: 1 });
  expect(next.total('acme', 'requests', 0)).toBe(3);
  expect(next.takeChanged()).toMatchObject([{ tenantId: 'acme', hour: HOUR, tally: { requests: 3 } }]);
});

test('counts an hour once that is written and still open', () => {
  ledger.add('acme', HOUR, { requests: 2 });
  expect(ledger.total('acme', 'requests', 0)).toBe(2);
  flush();
  expect(ledger.total('acme', 'requests', 0)).toBe(2);
  ledger.sweep((HOUR + 1) * HOUR_MS);
  expect(ledger.total('acme', 'requests', 0)).toBe(2);
});

test('takes the highest of several hours for storage', () => {
  ledger.add('acme', HOUR, { storageBytes: 900 });
  ledger.add('acme', HOUR + 1, { storageBytes: 700 });
  flush();
  expect(ledger.total('acme', 'storageBytes', 0)).toBe(900);
  expect(ledger.total('acme', 'storageBytes', (HOUR + 1) * HOUR_MS)).toBe(700);
});

test('keeps an hour that is over until it is written', () => {
  ledger.add('acme', HOUR, { requests: 2 });
  const rows = ledger.takeChanged();
  ledger.giveBack(rows);
  ledger.sweep((HOUR + 1) * HOUR_MS);
  expect(ledger.takeChanged()).toEqual(rows);
});

test('tells of each tenant whose hours have grown once', () => {
  const grown: string[] = [];
  ledger.onGrowth((tenantId) => grown.push(tenantId));
  ledger.add('acme', HOUR, { requests: 2 });
  ledger.add('acme', HOUR + 1, { requests: 2 });
  ledger.add('other', HOUR, { requests: 0 });
  ledger.tellGrowth(ledger.takeChanged());
  expect(grown).toEqual(['acme']);
});
