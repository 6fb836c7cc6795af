import { expect, test } from 'vitest';
import { ProcessMeter } from '../../../src/core/usage/process-meter.ts';

function begun(isSuspended = false): ProcessMeter {
  return new ProcessMeter({ uptimeMs: 1000, cpuSeconds: 5, memoryBytes: 0 }, isSuspended);
}

test('measures processor time from the reading before the start', () => {
  const meter = begun();
  meter.measured({ cpuSeconds: 5.5, memoryBytes: 0 }, 2000);
  expect(meter.take(2500)).toMatchObject({ durationMs: 1500, values: { cpuSeconds: 0.5, awakeSeconds: 1.5 } });
  expect(meter.take(2500)).toMatchObject({ durationMs: 0, values: { cpuSeconds: 0, awakeSeconds: 0 } });
});

test('multiplies the last known memory by the time', () => {
  const meter = begun();
  meter.measured({ cpuSeconds: 5, memoryBytes: 2e9 }, 2000);
  meter.measured({ cpuSeconds: 5, memoryBytes: 1e9 }, 3000);
  expect(meter.take(5000).values.memoryGbSeconds).toBe(2 + 2);
});

test('counts a suspended process as not awake, but for the memory that it keeps', () => {
  const meter = begun();
  meter.measured({ cpuSeconds: 5, memoryBytes: 1e9 }, 1000);
  meter.suspended(true, 2000);
  meter.suspended(false, 9000);
  expect(meter.take(9500).values).toMatchObject({ awakeSeconds: 1.5, memoryGbSeconds: 8.5 });
});

test('counts nothing twice when a reading falls and rises again', () => {
  const meter = begun();
  meter.measured({ cpuSeconds: 9, memoryBytes: 0 }, 2000);
  expect(meter.take(2000).values.cpuSeconds).toBe(4);
  meter.measured({ cpuSeconds: 6, memoryBytes: 0 }, 3000);
  expect(meter.take(3000).values.cpuSeconds).toBe(0);
  meter.measured({ cpuSeconds: 9.5, memoryBytes: 0 }, 4000);
  expect(meter.take(4000).values.cpuSeconds).toBe(0.5);
});

test('counts no processor time before the first reading of a process that was found', () => {
  const meter = new ProcessMeter({ uptimeMs: 0, cpuSeconds: null, memoryBytes: 0 }, false);
  expect(meter.take(10).values.cpuSeconds).toBe(0);
  meter.measured({ cpuSeconds: 900, memoryBytes: 0 }, 20);
  expect(meter.take(20).values.cpuSeconds).toBe(0);
  meter.measured({ cpuSeconds: 901, memoryBytes: 0 }, 30);
  expect(meter.take(30).values.cpuSeconds).toBe(1);
});
