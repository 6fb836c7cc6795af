import { describe, expect, it } from 'vitest';
import type { StorageRecord } from '../../../src/core/lifecycle/instance.ts';
import {
  dueAtMs,
  firstMeasurement,
  intervalMs,
  judgeStorage,
  pauseMs,
  storageMessage,
  withStop,
} from '../../../src/core/limits/storage.ts';

const MB = 1024 ** 2;
const record = (own: Partial<StorageRecord> = {}): StorageRecord => ({
  bytes: 1,
  measuredAtMs: 1,
  over: false,
  stopped: false,
  ...own,
});

describe('how often a directory is measured', () => {
  it.each([
    [0, 5000],
    [10, 5000],
    [330, 33_000],
    [20_000, 2_000_000],
    [600_000, 3_600_000],
  ])('one that took %i ms again after %i ms: a hundredth of the time, within bounds', (costMs, expected) => {
    expect(intervalMs(costMs, true)).toBe(expected);
  });

  it('a directory that could not be measured waits at least a minute', () => {
    expect(intervalMs(1, false)).toBe(60_000);
    expect(intervalMs(2000, false)).toBe(200_000);
  });

  it('all measurements together take at most a twentieth of the time', () => {
    expect(pauseMs(8)).toBe(160);
  });

  it('a directory whose instance was started over its limit does not wait for its turn', () => {
    const last = { atMs: 1000, intervalMs: 3_600_000 };
    expect(dueAtMs(last, null)).toBe(3_601_000);
    expect(dueAtMs(last, 9000)).toBe(14_000);
    expect(dueAtMs(firstMeasurement(1000), null)).toBe(6000);
  });
});

describe('what a measurement means', () => {
  it('the directory is over its limit only above it', () => {
    expect(judgeStorage(null, { bytes: 32 * MB, atMs: 7 }, 32 * MB)).toEqual(
      record({ bytes: 32 * MB, measuredAtMs: 7 }),
    );
    expect(judgeStorage(null, { bytes: 32 * MB + 1, atMs: 7 }, 32 * MB)).toMatchObject({ over: true });
  });

  it('without a limit, only the reason of a stop is remembered', () => {
    expect(judgeStorage(record({ over: true }), { bytes: 1, atMs: 7 }, null)).toBeNull();
    const stopped = record({ over: true, stopped: true });
    expect(judgeStorage(stopped, { bytes: 1, atMs: 7 }, null)).toEqual({ ...stopped, over: false });
  });

  it('going over the limit and coming back are reported once each', () => {
    const under = record();
    const over = record({ bytes: 64 * MB, over: true });
    expect(storageMessage(null, under, MB)).toBeNull();
    expect(storageMessage(under, over, 32 * MB)).toEqual({
      type: 'over-storage',
      message: 'over its storage limit: 64.0 MB of 32.0 MB',
    });
    expect(storageMessage(over, over, 32 * MB)).toBeNull();
    expect(storageMessage(over, under, 32 * MB)?.message).toBe('within its storage limit again: 1 byte of 32.0 MB');
    expect(storageMessage(over, null, null)).toMatchObject({ type: 'storage-ok' });
  });
});

describe('the reason of a storage stop', () => {
  it('is remembered until the instance is started', () => {
    const stopped = withStop(record(), 'up', 'stopped', { type: 'stop', overStorage: true });
    expect(stopped).toMatchObject({ stopped: true });
    expect(withStop(stopped, 'stopped', 'stopped', { type: 'stop' })).toMatchObject({ stopped: true });
    expect(withStop(stopped, 'stopped', 'up', { type: 'start' })).toMatchObject({ stopped: false });
  });

  it('is not set when an operator stops the instance', () => {
    expect(withStop(record({ over: true }), 'up', 'stopped', { type: 'stop' })).toMatchObject({ stopped: false });
  });
});
