/** The cost of a frozen instance on a real cgroup v2 with compressed swap. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { get, makeBench, PATIENT } from '../process/support.ts';

const MB = 1024 * 1024;
const NOTES = fileURLToPath(new URL('../../examples/notes/app.js', import.meta.url));
const ROUNDS = 5;

const control = (dirs: readonly string[], file: string) => readFileSync(join(dirs[0] ?? '', file), 'latin1').trim();
const inMb = (bytes: string) => `${(Number(bytes) / MB).toFixed(1)} MB`;
const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

test('a frozen instance goes to swap, answers once thawed, and may use no swap then', async () => {
  const bench = makeBench();
  const limits = { memoryLimitBytes: 256 * MB };
  const child = await bench.launch({ command: [process.execPath, NOTES], ...limits });
  expect(await child.waitReady(PATIENT)).toEqual({ ok: true });
  await get(child.upstream, '/health');
  const { cgroup } = child.record;
  const before = control(cgroup, 'memory.current');
  child.suspend(bench.request(limits).service);
  await expect.poll(() => control(cgroup, 'cgroup.events')).toContain('frozen 1');
  await expect.poll(() => Number(control(cgroup, 'memory.current')) / Number(before)).toBeLessThan(0.25);
  const frozen = control(cgroup, 'memory.current');
  const swapped = control(cgroup, 'memory.swap.current');
  expect(Number(swapped)).toBeGreaterThan(10 * MB);
  expect(control(cgroup, 'memory.swap.max')).toBe(String(256 * MB));
  expect(child.resume()).toBeNull();
  expect(await get(child.upstream, '/health')).toBe('ok\n');
  expect(control(cgroup, 'memory.swap.max')).toBe('0');
  const thawed = control(cgroup, 'memory.current');
  console.log(`notes: ${inMb(before)} before, ${inMb(frozen)} frozen (swap ${inMb(swapped)}), ${inMb(thawed)} thawed`);
});

test('an instance that is thawed while it goes to swap continues at once', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: [process.execPath, NOTES] });
  await child.waitReady(PATIENT);
  const askedMs: number[] = [];
  const thawedMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    askedMs.push(await timed(() => get(child.upstream, '/health')));
    child.suspend(bench.request().service);
    await expect.poll(() => control(child.record.cgroup, 'cgroup.events')).toContain('frozen 1');
    thawedMs.push(
      await timed(async () => {
        child.resume();
        expect(await get(child.upstream, '/health')).toBe('ok\n');
      }),
    );
  }
  console.log(`notes, emulated: answers in ${median(askedMs).toFixed(1)} ms, thawed ${median(thawedMs).toFixed(1)} ms`);
});

test('a frozen instance is ended in the same way as any other', async () => {
  const bench = makeBench();
  const child = await bench.launch({ command: [process.execPath, NOTES] });
  await child.waitReady(PATIENT);
  child.suspend(bench.request().service);
  await expect.poll(() => control(child.record.cgroup, 'cgroup.events')).toContain('frozen 1');
  await child.terminate(10_000);
  expect((await child.exited).signal).not.toBe('SIGKILL');
});

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
