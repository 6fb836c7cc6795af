import { describe, expect, it } from 'vitest';
import { parseRate } from '../../../src/core/quota/rate.ts';

describe('a rate', () => {
  it.each([
    ['20/s burst 40', { requests: 20, perS: 1, burst: 40 }],
    ['20/s', { requests: 20, perS: 1, burst: 20 }],
    ['90/m burst 1', { requests: 90, perS: 60, burst: 1 }],
    [' 5000/h ', { requests: 5000, perS: 3600, burst: 5000 }],
  ])('is read from %j', (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
  });

  it.each([
    ['', 'expected a rate like "20/s" or "20/s burst 40", but this is ""'],
    ['20', 'but this is "20"'],
    ['20/s burst', 'but this is "20/s burst"'],
    ['-1/s', 'but this is "-1/s"'],
    ['1.5/s', 'but this is "1.5/s"'],
    ['20/fortnight', 'expected a rate per "s", "m" or "h", but this is per "fortnight"'],
    ['0/s', 'expected a rate of 1 or more, but this is 0, which would refuse all requests'],
    ['1/s burst 0', 'expected a burst of 1 or more, but this is 0, which would refuse all requests'],
    ['20/constructor', 'but this is per "constructor"'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(parseRate(text)).toContain(problem);
  });
});
