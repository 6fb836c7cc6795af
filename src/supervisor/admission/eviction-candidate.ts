/** How much a running instance is needed. */
import type { EvictionCandidate } from '../../core/admission/eviction.ts';
import type { Lifecycle } from '../../core/lifecycle/lifecycle-events.ts';
import type { ServiceConfig } from '../../core/service/service.ts';
import type { RunnerParts } from '../instance/runner-parts.ts';

export function evictionCandidateOf(
  { state }: Lifecycle,
  { idleTimeoutMs }: ServiceConfig,
  { inFlight, recentClients }: Pick<RunnerParts, 'inFlight' | 'recentClients'>,
  nowMs: number,
): EvictionCandidate {
  const isSuspended = state === 'suspended';
  const isQuiet = state === 'ready' && inFlight.activity.open === 0 && inFlight.busyUntilMs <= nowMs;
  const { lastActivityAtMs: lastUsedAtMs, steadyFromMs, steadyToMs } = inFlight;
  const isIdle = idleTimeoutMs > 0 && (isSuspended || isQuiet);
  return { isIdle, isSuspended, lastUsedAtMs, steadyFromMs, steadyToMs, visits: recentClients.visits(lastUsedAtMs) };
}
