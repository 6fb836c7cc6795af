import { describe, expect, it } from 'vitest';
import { afterProbe, HEALTHY, type Health, isUnhealthy, type Workload } from '../../../src/core/lifecycle/health.ts';

const IDLE: Workload = { nowMs: 0, isBusy: false, answeredAtMs: 0, requestTimeoutMs: 60_000 };
const sick = { ok: false, detail: 'sick' } as const;
const silent = { ok: false, detail: 'silent', isSilent: true } as const;

const failed = (health: Health) => afterProbe(health, sick, 0, IDLE);

it('three failures in a row are unhealthy', () => {
  const two = failed(failed(HEALTHY));
  expect(isUnhealthy(two)).toBe(false);
  expect(isUnhealthy(failed(two))).toBe(true);
});

it('one success resets the count of failures', () => {
  const two = failed(failed(HEALTHY));
  expect(isUnhealthy(failed(afterProbe(two, { ok: true }, 0, IDLE)))).toBe(false);
});

describe('a probe without an answer', () => {
  /** Probes every 15 s that take 5 s each; returns when the process is unhealthy, in s. */
  function unhealthyAfterS(workload: (nowMs: number) => Partial<Workload>): number | null {
    let health = HEALTHY;
    for (let beginMs = 10_000; beginMs < 600_000; beginMs += 15_000) {
      const nowMs = beginMs + 5000;
      health = afterProbe(health, silent, beginMs, { ...IDLE, nowMs, ...workload(nowMs) });
      if (isUnhealthy(health)) return nowMs / 1000;
    }
    return null;
  }

  it('counts at once where no request is in flight', () => {
    expect(unhealthyAfterS(() => ({}))).toBe(45);
  });

  it('counts only after request_timeout while a request is in flight (bug: a busy single worker was killed)', () => {
    expect(unhealthyAfterS(() => ({ isBusy: true }))).toBe(105);
    expect(unhealthyAfterS((nowMs) => ({ isBusy: nowMs < 50_000 }))).toBe(90);
  });

  it('does not count while requests are answered in between', () => {
    const answeredAtMs = (nowMs: number) => Math.floor(nowMs / 50_000) * 50_000;
    expect(unhealthyAfterS((nowMs) => ({ isBusy: true, answeredAtMs: answeredAtMs(nowMs) }))).toBeNull();
  });

  it('never counts with request_timeout = 0 while a request is in flight', () => {
    expect(unhealthyAfterS(() => ({ isBusy: true, requestTimeoutMs: 0 }))).toBeNull();
  });

  it('does not excuse an unhealthy answer', () => {
    const busy = { ...IDLE, nowMs: 10_000, isBusy: true };
    const [first, second] = [afterProbe(HEALTHY, sick, 0, busy), afterProbe(failed(HEALTHY), sick, 0, busy)];
    expect([first.failures, second.failures]).toEqual([1, 2]);
  });
});
