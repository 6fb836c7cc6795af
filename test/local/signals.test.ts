import { expect, onTestFinished, test, vi } from 'vitest';
import { takeSignals } from '../../src/local/signals.ts';

/** Handles signals until the test ends. */
function take() {
  vi.useFakeTimers({ toFake: ['performance'] });
  const before = new Map(process.eventNames().map((name) => [name, process.listeners(name as NodeJS.Signals)]));
  onTestFinished(() => {
    vi.useRealTimers();
    for (const name of process.eventNames()) {
      for (const listener of process.listeners(name as NodeJS.Signals)) {
        if (!before.get(name)?.includes(listener)) process.off(name, listener as () => void);
      }
    }
  });
  return takeSignals();
}

test('the first signal asks for the end, and the second hurries it', async () => {
  const ending = take();
  expect(ending.isAsked).toBe(false);
  process.emit('SIGTERM', 'SIGTERM');
  expect([ending.isAsked, ending.hurry.aborted]).toEqual([true, false]);
  vi.advanceTimersByTime(60);
  process.emit('SIGINT', 'SIGINT');
  expect(ending.hurry.aborted).toBe(true);
  expect(await ending.asked).toBe('SIGTERM');
});

test('a signal that npm repeats after the terminal does not count as the second', () => {
  const ending = take();
  process.emit('SIGINT', 'SIGINT');
  vi.advanceTimersByTime(10);
  process.emit('SIGINT', 'SIGINT');
  expect(ending.hurry.aborted).toBe(false);
});

test('SIGQUIT hurries at once', async () => {
  const ending = take();
  process.emit('SIGQUIT', 'SIGQUIT');
  expect(ending.hurry.aborted).toBe(true);
  expect(await ending.asked).toBe('SIGQUIT');
});
