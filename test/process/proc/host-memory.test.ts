import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseHostMemory, parseMemoryFigures, readHostMemory } from '../../../src/process/proc/host-memory.ts';

const MEMINFO =
  'MemTotal:       24644592 kB\nMemFree:        18920000 kB\nMemAvailable:   23000000 kB\nBuffers: 1 kB\n';
const PRESSURE = 'some avg10=12.50 avg60=1.00 avg300=0.20 total=1\nfull avg10=99.00 avg60=0.00 avg300=0.00 total=0\n';

test('host memory is what is available, and the share of time in which something waited', () => {
  expect(parseHostMemory(MEMINFO, PRESSURE)).toEqual({ availableBytes: 23_000_000 * 1024, stalledPercent: 12.5 });
});

test('a kernel without PSI gives no waiting time', () => {
  expect(parseHostMemory(MEMINFO, '')).toEqual({ availableBytes: 23_000_000 * 1024, stalledPercent: null });
});

test('a system without /proc gives no figures', () => {
  expect(parseHostMemory('', '')).toBeNull();
});

test.skipIf(!existsSync('/proc/meminfo'))('this machine gives figures', () => {
  expect(readHostMemory()?.availableBytes).toBeGreaterThan(0);
});

test('memory and swap are read where there are any', () => {
  const meminfo =
    'MemTotal:        2048 kB\nMemFree:  1 kB\nMemAvailable:    1024 kB\nSwapTotal:          0 kB\nSwapFree: 0 kB\n';
  expect(parseMemoryFigures(meminfo)).toEqual({
    totalBytes: 2 * 1024 ** 2,
    availableBytes: 1024 ** 2,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
  });
  expect(parseMemoryFigures('')).toEqual({});
});
