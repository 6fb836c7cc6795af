import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { TURN_BYTES, Turns, takeTurns } from '../../../src/proxy/exchange/turn.ts';

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

test('what fits into a turn is not held', () => {
  const turns = new Turns();
  const mover = new FakeMover();
  for (let moved = 0; moved < TURN_BYTES - 1; moved += TURN_BYTES / 4) turns.spend(TURN_BYTES / 4 - 1, mover);
  expect(mover.holds).toBe(0);
});

test('past what fits, whoever moves something waits for the next turn', async () => {
  const turns = new Turns();
  const [first, second] = [new FakeMover(), new FakeMover()];
  turns.spend(TURN_BYTES, first);
  turns.spend(1, second);
  expect([first.held, second.held]).toEqual([true, true]);
  await turn();
  expect([first.held, second.held]).toEqual([false, false]);
  turns.spend(1, first);
  expect(first.held).toBe(false);
});

test('a thousand that begin at once move a turn of it at a time, in the order in which they came', async () => {
  const turns = new Turns();
  const movers = Array.from({ length: 1000 }, () => new FakeMover());
  turns.spend(TURN_BYTES, new FakeMover());
  for (const mover of movers) turns.spend(64 * 1024, mover);
  let free = 0;
  for (let count = 0; free < movers.length; count += 1) {
    await turn();
    const now = movers.filter(({ held }) => !held).length;
    expect((now - free) * 64 * 1024).toBeLessThanOrEqual(TURN_BYTES);
    expect(movers.slice(0, now).every(({ held }) => !held)).toBe(true);
    free = now;
    expect(count).toBeLessThan(100);
  }
  expect(movers.every(({ holds }) => holds === 1)).toBe(true);
});

test('a pipe that waits for its sink is not let go by its turn', async () => {
  const source = new PassThrough({ highWaterMark: 4 * MIB });
  const sink = new PassThrough({ highWaterMark: MIB });
  source.pipe(sink);
  takeTurns(source, sink);
  for (let part = 0; part < 4; part += 1) source.write(Buffer.alloc(MIB));
  for (let count = 0; count < 20; count += 1) await turn();
  expect(sink.writableLength + sink.readableLength).toBeLessThanOrEqual(2 * MIB);
  let read = 0;
  sink.on('data', (bytes: Buffer) => {
    read += bytes.length;
  });
  await expect.poll(() => read).toBe(4 * MIB);
});

test('what waits for a turn that failed goes on with the next that moves something', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const turns = new Turns();
  const [first, second] = [new FakeMover(), new FakeMover()];
  const failed = vi.spyOn(globalThis, 'setImmediate').mockImplementationOnce(() => null as never);
  turns.spend(TURN_BYTES, first);
  failed.mockRestore();
  await turn();
  expect(first.held).toBe(true);
  vi.advanceTimersByTime(1000);
  turns.spend(1, second);
  await turn();
  expect([first.held, second.held]).toEqual([false, false]);
});
