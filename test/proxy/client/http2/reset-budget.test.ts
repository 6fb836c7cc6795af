import { describe, expect, test } from 'vitest';
import { ResetBudgets } from '../../../../src/proxy/client/http2/reset-budget.ts';

const NOW_MS = 1000;

/** Resets streams until there are too many, a thousand times a second. Returns how many there were. */
function spendAll(budget: { spend(nowMs: number): boolean }, most: number, nowMs = NOW_MS): number {
  let spent = 0;
  while (spent < most && budget.spend(nowMs)) spent += 1;
  return spent;
}

describe('a client', () => {
  test('may reset as many streams as a browser that leaves one page after the other', () => {
    const budget = new ResetBudgets(1).of('192.0.2.1', NOW_MS);
    for (let page = 0; page < 100; page += 1) expect(spendAll(budget, 128, NOW_MS + page * 5000)).toBe(128);
  });

  test('may not reset more of one connection', () => {
    const budgets = new ResetBudgets(1);
    expect(spendAll(budgets.of('192.0.2.1', NOW_MS), 10_000)).toBe(500);
    expect(spendAll(budgets.of('192.0.2.1', NOW_MS), 10_000)).toBe(500);
  });

  test('may not reset more by many connections', () => {
    const budgets = new ResetBudgets(1);
    let spent = 0;
    for (let connection = 0; connection < 100; connection += 1) {
      spent += spendAll(budgets.of('192.0.2.1', NOW_MS), 400);
    }
    expect(spent).toBe(2000);
    expect(spendAll(budgets.of('192.0.2.2', NOW_MS), 400)).toBe(400);
  });

  test.each([1, 2, 3, 8, 32])('may not reset more with connections to each of %d processes', (processes) => {
    const all = Array.from({ length: processes }, () => new ResetBudgets(processes));
    let spent = 0;
    for (let connection = 0; connection < 100; connection += 1) {
      for (const budgets of all) spent += spendAll(budgets.of('192.0.2.1', NOW_MS), 400);
    }
    expect(spent).toBeLessThanOrEqual(2000);
    expect(spent).toBeGreaterThan(2000 - processes);
    for (const budgets of all) budgets.sweep(NOW_MS + 10_000);
    const later = all.map((budgets) => spendAll(budgets.of('192.0.2.1', NOW_MS + 10_000), 10_000, NOW_MS + 10_000));
    expect(Math.max(...later)).toBe(Math.floor(Math.min(500, 2000 / processes)));
  });

  test('is forgotten when it has reset nothing for a while', () => {
    const budgets = new ResetBudgets(1);
    for (let connection = 0; connection < 10; connection += 1) spendAll(budgets.of('192.0.2.1', NOW_MS), 400);
    budgets.sweep(NOW_MS + 1000);
    expect(spendAll(budgets.of('192.0.2.1', NOW_MS + 1000), 400, NOW_MS + 1000)).toBe(200);
    budgets.sweep(NOW_MS + 20_000);
    expect(spendAll(budgets.of('192.0.2.1', NOW_MS + 20_000), 400, NOW_MS + 20_000)).toBe(400);
  });

  test('that stands for many has no limit', () => {
    expect(spendAll(new ResetBudgets(1).of(null, NOW_MS), 10_000)).toBe(10_000);
  });
});
