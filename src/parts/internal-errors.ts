/** Reports unexpected errors as events. */

import { SYSTEM } from '../core/access/actor.ts';
import { type InstanceName, namedInstance } from '../core/lifecycle/instance.ts';
import type { Clock } from '../core/ports.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { FaultContext } from '../faults.ts';

const EVERY_MS = 1000;

/** Returns a fault listener. The log has every fault; the event log gets at most one a second. */
export function internalErrors(
  events: EventLog,
  clock: Pick<Clock, 'nowMs'>,
): (error: unknown, where: FaultContext) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (error, where) => {
    const nowMs = clock.nowMs();
    if (Math.abs(nowMs - lastMs) < EVERY_MS) return;
    lastMs = nowMs;
    const message = error instanceof Error ? error.message : String(error);
    events.append({ atMs: nowMs, type: 'internal-error', instance: instanceOf(where), message, data: {}, by: SYSTEM });
  };
}

function instanceOf({ instance }: FaultContext): InstanceName | null {
  return typeof instance === 'string' ? namedInstance(instance) : null;
}
