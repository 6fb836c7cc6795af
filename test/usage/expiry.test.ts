import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hourName } from '../../src/core/usage/hours.ts';
import { newTally } from '../../src/core/usage/tally.ts';
import { silentLogger } from '../../src/logger.ts';
import { openDatabase } from '../../src/registry/database.ts';
import { createUsageReader, createUsageStore } from '../../src/registry/usage.ts';
import { expire, firstKeptHour } from '../../src/usage/expiry.ts';

const TENANTS = 100;
const HOURS = 1000;
const US_PER_MS = 1000;

test('usage is kept for 13 months beside the current one', () => {
  expect(hourName(firstKeptHour(Date.UTC(2026, 10, 27, 18)))).toBe('2025-10-01T00');
  expect(hourName(firstKeptHour(Date.UTC(2026, 0, 1)))).toBe('2024-12-01T00');
});

test('100,000 old rows are deleted with under 50 ms of the server thread in all', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const file = join(dir, 'tenement.db');
  const database = openDatabase(file);
  onTestFinished(() => {
    database.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const store = createUsageStore(database);
  const tally = { ...newTally(), requests: 1 };
  const write = (tenantId: string, from: number, to: number) =>
    store.write({
      rows: Array.from({ length: to - from }, (_, index) => ({ tenantId, hour: from + index, tally })),
      marks: [],
      ended: [],
    });
  for (let index = 0; index < TENANTS; index += 1) write(`t${index}`, 0, HOURS + 2);
  const before = process.threadCpuUsage();
  const [rows] = await once(expire({ file, beforeHour: HOURS }, silentLogger()), 'message');
  const { user, system } = process.threadCpuUsage(before);
  expect(rows).toBe(TENANTS * HOURS);
  expect((user + system) / US_PER_MS).toBeLessThan(50);
  const reader = createUsageReader(database);
  expect(reader.hours('t7', { from: 0, to: 5000 }, 10).map(({ hour }) => hour)).toEqual([HOURS, HOURS + 1]);
});

test('what cannot be deleted is logged, and is no fault', async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger(), warn: (_fields: object, message: string) => void warnings.push(message) };
  const worker = expire({ file: '/nowhere/tenement.db', beforeHour: 1 }, logger);
  await new Promise((resolve) => worker.once('exit', resolve));
  expect(warnings).toEqual(['old usage not deleted; will be tried again']);
});
