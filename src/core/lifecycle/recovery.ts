/** What becomes of an instance that an earlier server left, by its record and whether its process runs. Pure. */
import type { InstanceRecord } from './instance.ts';
import type { LifecycleEvent } from './lifecycle-events.ts';

export type Recovery =
  /** Its process runs and belongs; or it must be ended first; or it was waiting to be tried again. */
  | { readonly do: 'dispatch'; readonly event: LifecycleEvent }
  /** Its process ended while nobody watched. */
  | { readonly do: 'lost' }
  | { readonly do: 'nothing' };

export function recoveryOf(record: InstanceRecord, isAlive: boolean, nowMs: number): Recovery {
  if (record.process !== null) return isAlive ? { do: 'dispatch', event: withProcess(record) } : { do: 'lost' };
  const { retryAtMs } = record.crashes;
  if (retryAtMs === null || (record.state !== 'backoff' && record.state !== 'failed')) return { do: 'nothing' };
  return { do: 'dispatch', event: { type: 'resume-wait', state: record.state, atMs: Math.max(retryAtMs, nowMs) } };
}

function withProcess({ state, desired }: InstanceRecord): LifecycleEvent {
  if (state === 'starting' || state === 'ready') return { type: 'adopt', suspended: false };
  if (state === 'suspended') return { type: 'adopt', suspended: true };
  // On its way to sleep, and not yet told: it may as well go on.
  if (state === 'draining' && desired === 'asleep') return { type: 'adopt', suspended: false };
  if (desired === 'up') return { type: 'clear', next: 'start' };
  return { type: 'clear', next: desired };
}
