/** Figures of an instance, which cost less than its view: a sleeper needs no runner for them. */
import type { InstanceRecord } from '../core/lifecycle/instance.ts';
import { newLifecycle } from '../core/lifecycle/lifecycle.ts';
import type { InstanceReading } from '../core/verbs/instance-reading.ts';
import { Runner } from './instance/runner.ts';

/** @param isHalted whether a sleeper may not run now */
export function instanceReadingOf(member: Runner | InstanceRecord, isHalted: () => boolean): InstanceReading {
  return member instanceof Runner ? readingOfRunner(member) : readingOfSleeper(member, isHalted());
}

function readingOfRunner({ record, lifecycle, inFlight, usage }: Runner): InstanceReading {
  return {
    ...counted(record),
    state: lifecycle.state,
    memoryBytes: usage?.memoryBytes ?? null,
    cpuSeconds: usage?.cpuSeconds ?? null,
    inFlight: inFlight.requests,
    openStreams: inFlight.streams,
    openConnections: inFlight.direct,
  };
}

function readingOfSleeper(record: InstanceRecord, isHalted: boolean): InstanceReading {
  const state = isHalted ? 'stopped' : newLifecycle(record.desired).state;
  const none = { memoryBytes: null, cpuSeconds: null, inFlight: 0, openStreams: 0, openConnections: 0 };
  return { ...counted(record), state, ...none };
}

function counted({ service, tenantId, requests, restarts, wakes, storage }: InstanceRecord) {
  return { service, id: tenantId, requests, restarts, wakes, storageBytes: storage?.bytes ?? null };
}
