import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withStartProgress } from '../../../src/cli/output/start-progress.ts';
import { view } from '../../api/fakes.ts';
import { testIo } from '../io.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STARTING = view('api:acme', { state: 'starting', reason: 'starting, 2 requests wait; GET /health answered 503' });

/** What stderr gets while a start takes that long. */
async function shown(isTerminal: boolean, ms: number): Promise<string> {
  const { io, stderr } = testIo({}, isTerminal);
  const { promise, resolve } = Promise.withResolvers<string>();
  const started = withStartProgress('api:acme', { get: async () => STARTING }, io, promise);
  await vi.advanceTimersByTimeAsync(ms);
  resolve('done');
  expect(await started).toBe('done');
  expect(vi.getTimerCount()).toBe(0);
  return stderr.text;
}

test('a fast start shows nothing', async () => {
  expect(await shown(true, 300)).toBe('');
});

test('a slow start shows the state on a terminal, and leaves nothing behind', async () => {
  const text = await shown(true, 3200);
  expect(text).toContain('api:acme starting, 3.2 s; 2 requests wait; GET /health answered 503');
  expect(text.endsWith('\r\u001b[K')).toBe(true);
});

test('without a terminal, a line is written after 10 s, 20 s and 40 s', async () => {
  const lines = (await shown(false, 45_000)).trimEnd().split('\n');
  expect(lines.map((line) => line.split(';')[0])).toEqual(
    ['10.0', '20.0', '40.0'].map((time) => `api:acme starting, ${time} s`),
  );
});
