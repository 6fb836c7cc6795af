/** The limits of a service that sets none. */
import type { Limits } from '../src/core/limits/limits.ts';

export const NO_LIMITS: Limits = {
  memoryLimitBytes: null,
  cpuShares: null,
  cpuLimit: null,
  pidsLimit: null,
  nofileLimit: null,
  storageLimitBytes: null,
};
