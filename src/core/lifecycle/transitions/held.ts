/**
 * Transitions from every state at the begin and at the end of what keeps an instance from starting: a hold of its tenant,
 * and hooks that are still to run. Pure.
 */
import type { Lifecycle, Step } from '../lifecycle-events.ts';
import { endAsked, launch, stay } from './moves.ts';
import { leave } from './with-process.ts';

/** A process drains and ends, and nothing is started until the hold is over. */
export function hold(now: Lifecycle): Step {
  if (now.hold !== 'none') return stay(now);
  const isHeld: Lifecycle = { ...now, hold: 'held' };
  switch (now.state) {
    case 'starting':
    case 'ready':
      return leave(isHeld, 'start');
    case 'suspended':
      return endAsked(isHeld, 'asleep');
    default:
      // One that was to be frozen ends.
      return { next: now.next === 'suspended' ? { ...isHeld, next: 'asleep' } : isHeld, effects: [] };
  }
}

export function unhold(now: Lifecycle): Step {
  if (now.hold === 'none') return stay(now);
  const free: Lifecycle = { ...now, hold: 'none' };
  return now.hold === 'wanted' && now.state === 'asleep' ? launch(free) : { next: free, effects: [] };
}

/** A process goes on, but no other is started. */
export function awaitHooks(now: Lifecycle): Step {
  return now.hooks === 'none' ? { next: { ...now, hooks: 'held' }, effects: [] } : stay(now);
}

export function hooksDone(now: Lifecycle): Step {
  if (now.hooks === 'none') return stay(now);
  const free: Lifecycle = { ...now, hooks: 'none' };
  return now.hooks === 'wanted' && now.state === 'asleep' ? launch(free) : { next: free, effects: [] };
}
