import { describe, expect, it } from 'vitest';
import { parseQuota, type QuotaMeter } from '../../../src/core/quota/quota.ts';

describe('a quota', () => {
  it.each<[QuotaMeter, string, number, string]>([
    ['requests', '10000/month', 10_000, 'month'],
    ['requests', ' 1 / hour ', 1, 'hour'],
    ['cpu', '1h/month', 3600, 'month'],
    ['awake', '1h30m/day', 5400, 'day'],
    ['cpu', '90/hour', 90, 'hour'],
    ['egress', '10GB/month', 10e9, 'month'],
    ['egress', '10 GiB/month', 10 * 2 ** 30, 'month'],
    ['egress', '1kB/day', 1000, 'day'],
    ['egress', '1KiB/day', 1024, 'day'],
    ['egress', '512B/day', 512, 'day'],
  ])('of %s is read from %j', (meter, text, limit, period) => {
    expect(parseQuota(meter, text)).toEqual({ meter, limit, period });
  });

  it.each<[QuotaMeter, string, string]>([
    ['requests', '0/month', 'expected a quota over 0, but this is "0/month", which would refuse all requests'],
    ['awake', '0h/day', 'expected a quota over 0, but this is "0h/day", which would refuse all requests'],
    [
      'requests',
      '1000/fortnight',
      'expected an amount for each "hour", "day" or "month", but this is for each "fortnight"',
    ],
    ['requests', '1000', 'expected an amount for each period, like "10000/month", but this is "1000"'],
    ['requests', '1e3/month', 'like "10000/month", but this is "1e3/month"'],
    ['requests', '-1/month', 'but this is "-1/month"'],
    ['requests', '1/month/day', 'but this is "1/month/day"'],
    ['cpu', 'much/month', 'like "1h/month", but this is "much/month"'],
    ['egress', '10/month', 'like "10GB/month", but this is "10/month"'],
    ['egress', '10Gb/month', 'like "10GB/month", but this is "10Gb/month"'],
    ['egress', '10constructor/month', 'but this is "10constructor/month"'],
    ['egress', '999999999999999TB/month', 'but this is'],
  ])('of %s says what is wrong with %j', (meter, text, problem) => {
    expect(parseQuota(meter, text)).toContain(problem);
  });
});
