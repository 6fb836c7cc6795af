import { expect, test } from 'vitest';
import { judgeSchedule, LOOK_AGAIN_MS, spreadMs } from '../../../src/core/backup/schedule.ts';

const HOUR = 3_600_000;
/** Each full hour. */
const hourly = (afterMs: number) => Math.floor(afterMs / HOUR) * HOUR + HOUR;

test('a new schedule waits for its first time', () => {
  expect(judgeSchedule(null, HOUR / 2, 0, hourly)).toEqual({
    isDue: false,
    lastRunAtMs: HOUR / 2,
    lookInMs: LOOK_AGAIN_MS,
  });
});

test('a time that has come is due once', () => {
  const first = judgeSchedule(HOUR / 2, HOUR, 0, hourly);
  expect(first).toMatchObject({ isDue: true, lastRunAtMs: HOUR });
  expect(judgeSchedule(first.lastRunAtMs, HOUR + 1, 0, hourly)).toMatchObject({ isDue: false });
});

test('times that were missed while the machine slept are one run', () => {
  const late = judgeSchedule(HOUR / 2, 9.5 * HOUR, 0, hourly);
  expect(late).toMatchObject({ isDue: true, lastRunAtMs: 9.5 * HOUR });
  expect(judgeSchedule(late.lastRunAtMs, 9.6 * HOUR, 0, hourly)).toMatchObject({ isDue: false });
});

test('a clock that is set back does not keep the schedule from its times', () => {
  const back = judgeSchedule(9 * HOUR, 2.5 * HOUR, 0, hourly);
  expect(back).toMatchObject({ isDue: false, lastRunAtMs: 2.5 * HOUR });
  expect(judgeSchedule(back.lastRunAtMs, 3 * HOUR, 0, hourly)).toMatchObject({ isDue: true });
});

test('the next look comes at the next time at the latest', () => {
  expect(judgeSchedule(0, HOUR - 10, 0, hourly).lookInMs).toBe(10);
  expect(judgeSchedule(0, HOUR, 5000, hourly)).toMatchObject({ isDue: false, lookInMs: 5000 });
  expect(judgeSchedule(0, HOUR + 5000, 5000, hourly)).toMatchObject({ isDue: true });
  expect(judgeSchedule(0, HOUR, 0, () => null)).toMatchObject({ isDue: false, lookInMs: LOOK_AGAIN_MS });
});

test('servers with the same schedule begin at different times of the same minute, and those with seconds at theirs', () => {
  const delays = ['fra1', 'fra2', 'nyc1'].map((name) => spreadMs('0 3 * * *', name));
  expect(new Set(delays).size).toBe(3);
  for (const delay of delays) expect(delay).toBeLessThan(60_000);
  expect(spreadMs('0 3 * * *', 'fra1')).toBe(delays[0]);
  expect(spreadMs('0 0 3 * * *', 'fra1')).toBe(0);
});
