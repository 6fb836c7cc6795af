import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BUDGET_BYTES, paceTransfer, TransferBudget } from '../../../src/proxy/exchange/transfer-budget.ts';

const MIB = 1024 * 1024;

class FakeMover {
  held = false;
  holds = 0;

  hold(): void {
    this.held = true;
    this.holds += 1;
  }

  proceed(): void {
    this.held = false;
  }
}

test("a transfer within a turn's budget is not held", () => {
  const budget = new TransferBudget();
  const mover = new FakeMover();
  for (let moved = 0; moved < BUDGET_BYTES - 1; moved += BUDGET_BYTES / 4) budget.spend(BUDGET_BYTES / 4 - 1, mover);
  expect(mover.holds).toBe(0);
});

test('every transfer beyond the budget waits for the next turn', async () => {
  const budget = new TransferBudget();
  const [first, second] = [new FakeMover(), new FakeMover()];
  budget.spend(BUDGET_BYTES, first);
  budget.spend(1, second);
  expect([first.held, second.held]).toEqual([true, true]);
  await turn();
  expect([first.held, second.held]).toEqual([false, false]);
  budget.spend(1, first);
  expect(first.held).toBe(false);
});

test('a thousand transfers that begin at once move a few in each turn, in order of arrival', async () => {
  const budget = new TransferBudget();
  const movers = Array.from({ length: 1000 }, () => new FakeMover());
  budget.spend(BUDGET_BYTES, new FakeMover());
  for (const mover of movers) budget.spend(64 * 1024, mover);
  let free = 0;
  for (let count = 0; free < movers.length; count += 1) {
    await turn();
    const now = movers.filter(({ held }) => !held).length;
    expect((now - free) * 64 * 1024).toBeLessThanOrEqual(BUDGET_BYTES);
    expect(movers.slice(0, now).every(({ held }) => !held)).toBe(true);
    free = now;
    expect(count).toBeLessThan(100);
  }
  expect(movers.every(({ holds }) => holds === 1)).toBe(true);
});

test('a pipe that waits for its sink does not continue with its turn', async () => {
  const source = new PassThrough({ highWaterMark: 4 * MIB });
  const sink = new PassThrough({ highWaterMark: MIB });
  source.pipe(sink);
  paceTransfer(source, sink);
  for (let part = 0; part < 4; part += 1) source.write(Buffer.alloc(MIB));
  for (let count = 0; count < 20; count += 1) await turn();
  expect(sink.writableLength + sink.readableLength).toBeLessThanOrEqual(2 * MIB);
  let read = 0;
  sink.on('data', (bytes: Buffer) => {
    read += bytes.length;
  });
  await expect.poll(() => read).toBe(4 * MIB);
});

test('a transfer that waits for a failed turn continues with the next one', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const budget = new TransferBudget();
  const [first, second] = [new FakeMover(), new FakeMover()];
  const failed = vi.spyOn(globalThis, 'setImmediate').mockImplementationOnce(() => null as never);
  budget.spend(BUDGET_BYTES, first);
  failed.mockRestore();
  await turn();
  expect(first.held).toBe(true);
  vi.advanceTimersByTime(1000);
  budget.spend(1, second);
  await turn();
  expect([first.held, second.held]).toEqual([false, false]);
});
