/** What each limit may be: for the config, the API, the command line and the library alike. Pure. */
import type { LimitsView } from './limits.ts';

export interface LimitRule {
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

/** A terabyte, in MiB. */
const MAX_MB = 1024 * 1024;
const whole = (min: number, max = Number.MAX_SAFE_INTEGER): LimitRule => ({ min, max, isWhole: true });

export const LIMIT_RULES: Readonly<Record<keyof LimitsView, LimitRule>> = {
  memoryLimitMb: whole(1, MAX_MB),
  /** The kernel's weights of cgroup version 2 end there. */
  cpuShares: whole(1, 10_000),
  cpuLimit: { min: 0.01, max: 1024, isWhole: false },
  pidsLimit: whole(1),
  nofileLimit: whole(16),
  storageLimitMb: whole(1, MAX_MB),
};

/** What is wrong with a value, or null. */
export function limitProblem({ min, max, isWhole }: LimitRule, value: unknown): string | null {
  const fits = typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isSafeInteger(value));
  if (fits) return null;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return `expected a ${isWhole ? 'whole ' : ''}number ${range}`;
}
