/** Whose change a step of the state machine is. Pure. */
import { type Actor, CONFIG, REQUEST, SYSTEM } from '../access/actor.ts';
import type { LifecycleEvent } from './lifecycle-events.ts';

/**
 * Returns who made the change that `event` begins, or that it continues: an operator's stop is over when the process has
 * ended.
 * @param before who made the previous change
 */
export function actorOf(before: Actor, event: LifecycleEvent): Actor {
  switch (event.type) {
    case 'wake':
      return event.by ?? REQUEST;
    case 'start':
    case 'stop':
    case 'restart':
    case 'sleep':
    case 'evict':
    case 'remove':
      return event.by ?? SYSTEM;
    case 'renewed':
      return CONFIG;
    case 'ready':
    case 'drained':
    case 'ended':
    case 'abandoned':
      return before;
    default:
      return SYSTEM;
  }
}
