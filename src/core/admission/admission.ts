/** What happens to a request in each state (see docs/operating.md). Pure. */
import type { Lifecycle } from '../lifecycle/lifecycle-events.ts';
import type { Refusal } from './serving.ts';

export type AdmissionDecision = 'forward' | 'hold' | 'wake' | Refusal;

/** Seconds that a client is asked to wait when the server has no better estimate. */
const SOON_S = 1;

export function admission(lifecycle: Lifecycle, startupTimeoutMs: number, nowMs: number): AdmissionDecision {
  if (lifecycle.over) return { refused: 'unknown_tenant', retryAfterS: null };
  switch (lifecycle.state) {
    case 'ready':
      return 'forward';
    case 'asleep':
      return lifecycle.hold === 'none' && lifecycle.hooks !== 'wanted' ? 'wake' : 'hold';
    case 'suspended':
      return 'wake';
    case 'starting':
      return 'hold';
    case 'draining':
    case 'stopping':
      return whileLeaving(lifecycle);
    case 'backoff':
      return (lifecycle.retryAtMs ?? 0) - nowMs <= startupTimeoutMs
        ? 'hold'
        : refusedLater('backoff', lifecycle, nowMs);
    case 'failed':
      return refusedLater('failed', lifecycle, nowMs);
    case 'stopped':
      return { refused: 'stopped', retryAfterS: null };
  }
}

function whileLeaving(lifecycle: Lifecycle): AdmissionDecision {
  switch (lifecycle.next) {
    case 'asleep':
    case 'suspended':
      return 'wake';
    case 'start':
    case 'wake':
    case 'crash':
      return 'hold';
    case 'stopped':
    case 'halted':
      return { refused: 'stopped', retryAfterS: null };
    case 'removed':
      return { refused: 'unknown_tenant', retryAfterS: null };
    case 'closed':
      return { refused: 'shutting_down', retryAfterS: SOON_S };
  }
}

/** Returns a refusal (503) with the time until the next try. */
export function refusedLater(refused: 'backoff' | 'failed', lifecycle: Lifecycle, nowMs: number): Refusal {
  const waitMs = (lifecycle.retryAtMs ?? nowMs) - nowMs;
  return { refused, retryAfterS: Math.max(SOON_S, Math.ceil(waitMs / 1000)) };
}
