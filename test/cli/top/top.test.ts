import { expect, test } from 'vitest';
import { painter } from '../../../src/cli/output/color.ts';
import { usagesOf } from '../../../src/cli/top/rates.ts';
import { topScreen } from '../../../src/cli/top/screen.ts';
import { view } from '../../api/fakes.ts';
import { runningCli } from '../running.ts';

const BEFORE = {
  atMs: 0,
  views: [view('api:a', { cpuSeconds: 1, requests: 10 }), view('api:b', { cpuSeconds: 5, requests: 0, pid: 1 })],
};
const NOW = {
  atMs: 2000,
  views: [
    view('api:a', { cpuSeconds: 2, requests: 50 }),
    view('api:b', { cpuSeconds: 0.1, requests: 4, pid: 2, memoryBytes: 9e9 }),
    view('api:new', { state: 'asleep', pid: null, memoryBytes: null, cpuSeconds: null }),
  ],
};

test('rates are of the time between two readings, and of one process only', () => {
  const usages = usagesOf(NOW, BEFORE, 'cpu').map(({ view: { instance }, cpu, requestsPerS }) => [
    instance,
    cpu,
    requestsPerS,
  ]);
  expect(usages).toEqual([
    ['api:a', 0.5, 20],
    ['api:b', null, 2],
    ['api:new', null, null],
  ]);
  expect(usagesOf(NOW, BEFORE, 'memory').map(({ view: { instance } }) => instance)).toEqual([
    'api:b',
    'api:a',
    'api:new',
  ]);
  expect(usagesOf(NOW, null, 'cpu').every(({ cpu, requestsPerS }) => cpu === null && requestsPerS === null)).toBe(true);
});

test.each([[0], [500], [5000]])('1,000 instances are shown on 80 by 24, scrolled past %i', (offset) => {
  const views = Array.from({ length: 1000 }, (_, index) => view(`api:tenant-${String(index).padStart(4, '0')}`));
  const space = { columns: 80, paint: painter(false) };
  const options = { nowMs: NOW.atMs, sort: 'name', offset, lines: 24, space } as const;
  const lines = topScreen(usagesOf({ atMs: 0, views }, null, 'name'), options);
  expect(lines).toHaveLength(24);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(lines[0]).toBe('1000 instances: 1000 ready');
  const first = Math.min(offset, 980);
  expect(lines[3]).toMatch(new RegExp(`^api:tenant-${String(first).padStart(4, '0')} +ready`));
});

test('top --once prints one reading; without a terminal and --once it says what to do', async () => {
  const { cli, supervisor } = await runningCli();
  supervisor.views.set('api:acme', view('api:acme'));
  const { status, out } = await cli('top', '--once', '--interval', '0.2');
  expect([status, out]).toEqual([
    0,
    expect.stringMatching(/^1 instance: 1 ready\n.*\nINSTANCE +STATE +CPU.*\napi:acme +ready +0\.0%/),
  ]);
  const json = await cli('top', '--once', '--json', '--interval', '0.2');
  expect(JSON.parse(json.out)).toMatchObject([{ instance: 'api:acme', cpu: 0, requestsPerS: 0 }]);
  const refused = await cli('top');
  expect([refused.status, refused.err]).toEqual([2, expect.stringContaining('hint: `tenement top --once`')]);
});
