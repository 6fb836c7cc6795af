/** What happens to an instance that an earlier server left, given its record and whether its process runs. Pure. */
import type { InstanceRecord } from './instance.ts';
import type { FollowUp, LifecycleEvent } from './lifecycle-events.ts';

export type Recovery =
  /** Its process runs and belongs, must be ended first, or it was waiting to be tried again. */
  | { readonly do: 'dispatch'; readonly event: LifecycleEvent }
  /** Its process ended while no server ran. */
  | { readonly do: 'lost' }
  | { readonly do: 'nothing' };

/** @param isHalted whether its tenant may not run now */
export function recoveryOf(record: InstanceRecord, isAlive: boolean, nowMs: number, isHalted = false): Recovery {
  if (isHalted && isAlive) return { do: 'dispatch', event: { type: 'clear', next: haltedAs(record) } };
  if (record.process !== null) return isAlive ? { do: 'dispatch', event: withProcess(record) } : { do: 'lost' };
  const { retryAtMs } = record.crashes;
  if (isHalted || retryAtMs === null || (record.state !== 'backoff' && record.state !== 'failed'))
    return { do: 'nothing' };
  return { do: 'dispatch', event: { type: 'resume-wait', state: record.state, atMs: Math.max(retryAtMs, nowMs) } };
}

function withProcess({ state, desired }: InstanceRecord): LifecycleEvent {
  if (state === 'starting' || state === 'ready') return { type: 'adopt', suspended: false };
  if (state === 'suspended') return { type: 'adopt', suspended: true };
  // It was going to sleep, but was not told to end yet, so it can continue.
  if (state === 'draining' && desired === 'asleep') return { type: 'adopt', suspended: false };
  if (desired === 'up') return { type: 'clear', next: 'start' };
  return { type: 'clear', next: desired };
}

function haltedAs({ desired }: InstanceRecord): FollowUp {
  return desired === 'stopped' ? 'stopped' : 'halted';
}
