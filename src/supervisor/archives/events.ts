/** Events of copies of tenants. */
import type { EventData } from '../../core/lifecycle/event-data.ts';
import type { Running } from './running.ts';

export function tellCopy<Type extends `tenant-${'exported' | 'imported' | 'cloned'}`>(
  type: Type,
  tenant: string,
  message: string,
  data: EventData[Type],
  { parts, by }: Running,
): void {
  const { events, clock } = parts.deps;
  events.append({ atMs: clock.nowMs(), type, instance: null, tenant, message, data, by });
}
