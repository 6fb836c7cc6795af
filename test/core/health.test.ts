import { expect, it } from 'vitest';
import { afterProbe, HEALTHY, isUnhealthy } from '../../src/core/health.ts';

it('three failures in a row are unhealthy', () => {
  const two = afterProbe(afterProbe(HEALTHY, false), false);
  expect(isUnhealthy(two)).toBe(false);
  expect(isUnhealthy(afterProbe(two, false))).toBe(true);
});

it('one success forgives', () => {
  const two = afterProbe(afterProbe(HEALTHY, false), false);
  expect(isUnhealthy(afterProbe(afterProbe(two, true), false))).toBe(false);
});
